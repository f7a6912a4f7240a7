/** Stands before the pages until something was recorded: how to send the first request. It goes by itself. */
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "react-router";
import { infoQuery } from "../../api/info.ts";
import { useMay, useMe, useTenant } from "../../api/me.ts";
import { Copy } from "../../ui/Copy.tsx";
import { Link } from "../../ui/Link.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Snippets } from "../../ui/Snippets.tsx";
import { anySpanQuery } from "./queries.ts";

export function FirstRun() {
  const any = useQuery(anySpanQuery(useTenant()));
  return <QueryView query={any}>{(recorded) => (recorded ? <Outlet /> : <HowToSend />)}</QueryView>;
}

function HowToSend() {
  const [me, info] = [useMe(), useQuery(infoQuery)];
  const base = info.data?.proxy_url ?? window.location.origin;
  return (
    <div className="mx-auto w-full max-w-3xl px-4 py-10">
      <h1 className="text-lg font-semibold">Send the first request</h1>
      <p className="mt-1 max-w-[65ch] text-muted">
        Nothing has been recorded yet. Point a client at the proxy instead of at the provider: its key and everything
        else stay as they are. This page turns into the overview with the first request.
      </p>
      <div className="mt-4 flex items-center gap-2 text-xs">
        <span className="text-muted">Base URL</span>
        <code className="rounded bg-raised px-1.5 py-0.5 font-mono">{base}</code>
        <Copy text={base} what="the base URL" />
      </div>
      <div className="mt-4 rounded-md border border-line bg-surface">
        <Snippets base={base} token={me.auth_required ? "llmt_…" : null} />
      </div>
      {me.auth_required && <Token />}
      <p role="status" className="mt-4 flex items-center gap-2 text-xs text-muted">
        <span className="size-2 animate-pulse rounded-full bg-accent" />
        Waiting for the first request…
      </p>
    </div>
  );
}

/** Where keys are asked for, the request needs one. */
function Token() {
  return (
    <p className="mt-2 text-xs text-muted">
      In place of llmt_… goes an API key of LLMTrace with the role operator or more.{" "}
      {useMay("admin") ? (
        <Link className="text-accent underline" to="/admin/keys">
          Make one
        </Link>
      ) : (
        "An admin of the tenant makes them."
      )}
    </p>
  );
}
