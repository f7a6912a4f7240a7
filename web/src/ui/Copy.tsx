/** Copies a text, and says that it did. */
import { useState } from "react";
import { Icon } from "./Icon.tsx";

type State = "ready" | "done" | "failed";
const SAYS: Record<State, string> = { ready: "", done: "Copied", failed: "Not allowed" };

export function Copy({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<State>("ready");
  const copy = () => {
    // Only where the page came over TLS or from this machine; elsewhere there is no clipboard at all.
    const done = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error("no clipboard"));
    done.then(
      () => setState("done"),
      () => setState("failed"),
    );
  };
  return (
    <button
      type="button"
      onClick={copy}
      onBlur={() => setState("ready")}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      className="inline-flex h-5 items-center gap-1 rounded px-1 align-middle text-2xs text-faint hover:bg-raised hover:text-ink"
    >
      <Icon name={state === "done" ? "check" : "copy"} />
      <span aria-live="polite">{SAYS[state]}</span>
    </button>
  );
}
