/** Stands before the pages until something was recorded: how to send the first request. It goes by itself. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Outlet } from "react-router";
import { Copy } from "../../ui/Copy.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { anySpanQuery, infoQuery } from "./queries.ts";
import { SNIPPETS } from "./snippets.ts";

export function FirstRun() {
  const any = useQuery(anySpanQuery);
  return <QueryView query={any}>{(recorded) => (recorded ? <Outlet /> : <HowToSend />)}</QueryView>;
}

function HowToSend() {
  const info = useQuery(infoQuery);
  const [open, setOpen] = useState("python");
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
        <Tabs
          label="Client"
          open={open}
          onOpen={setOpen}
          tabs={SNIPPETS.map((snippet) => ({
            id: snippet.id,
            name: snippet.name,
            view: () => <Snippet text={snippet.text(base)} name={snippet.name} />,
          }))}
        />
      </div>
      <p role="status" className="mt-4 flex items-center gap-2 text-xs text-muted">
        <span className="size-2 animate-pulse rounded-full bg-accent" />
        Waiting for the first request…
      </p>
    </div>
  );
}

function Snippet({ text, name }: { text: string; name: string }) {
  return (
    <div className="relative">
      <pre className="whitespace-pre-wrap break-words p-3 pr-16 font-mono text-xs leading-5">{text}</pre>
      <div className="absolute top-2 right-2">
        <Copy text={text} what={`the ${name} example`} />
      </div>
    </div>
  );
}
