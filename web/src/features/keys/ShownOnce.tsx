/** A key that was just made: the only time that it is shown. It is kept nowhere but on this page, and goes with it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { infoQuery } from "../../api/info.ts";
import { isAtLeast } from "../../lib/roles.ts";
import { Button } from "../../ui/Button.tsx";
import { Copy } from "../../ui/Copy.tsx";
import { Snippets } from "../../ui/Snippets.tsx";
import type { NewKey } from "./queries.ts";

export function ShownOnce({ made, onDone }: { made: NewKey; onDone: () => void }) {
  const info = useQuery(infoQuery);
  useEffect(() => {
    // A browser may keep a page that was left, to bring it back as it was.
    window.addEventListener("pagehide", onDone);
    return () => window.removeEventListener("pagehide", onDone);
  }, [onDone]);
  const base = info.data?.proxy_url ?? window.location.origin;
  const sends = made.role !== "platform" && isAtLeast(made.role, "operator");
  return (
    <section
      ref={focus}
      tabIndex={-1}
      aria-label="The new key"
      className="flex flex-col gap-3 rounded-md border border-accent bg-surface p-3"
    >
      <div className="flex flex-wrap items-start gap-3">
        <div className="stranger min-w-0 flex-1">
          <h2 className="text-sm font-semibold">The key {made.name} was made</h2>
          <p className="text-xs text-muted">
            Copy it now: it is stored nowhere and cannot be shown again. Whoever loses it makes another.
          </p>
        </div>
        <Button onClick={onDone}>I have it</Button>
      </div>
      <p className="flex flex-wrap items-center gap-2">
        <code className="break-all rounded bg-raised px-2 py-1 font-mono text-xs">{made.key}</code>
        <Copy text={made.key} what="the key" />
      </p>
      {sends && (
        <div className="rounded border border-line">
          <p className="px-3 pt-2 text-xs text-muted">
            It goes into the header X-LLMTrace-Token; the key of the provider stays where it is.
          </p>
          <Snippets base={base} token={made.key} />
        </div>
      )}
    </section>
  );
}

/** Whoever made it is led to it. */
function focus(section: HTMLElement | null) {
  section?.focus();
}
