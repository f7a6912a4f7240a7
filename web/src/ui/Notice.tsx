/** What became of something that somebody did. Trouble is read out at once. */
import type { ReactNode } from "react";
import { Button } from "./Button.tsx";

const LOOKS = {
  bad: "border-bad/40 bg-bad-soft text-bad",
  warn: "border-warn/40 bg-warn-soft text-warn",
  plain: "border-line-strong bg-raised text-ink",
};

export function Notice({ tone, children }: { tone: keyof typeof LOOKS; children: ReactNode }) {
  return (
    <div
      role={tone === "bad" ? "alert" : "status"}
      className={`stranger rounded border px-3 py-2 text-xs ${LOOKS[tone]}`}
    >
      {children}
    </div>
  );
}

/** Somebody else was first: nothing was written, and what they wrote has to be seen before it is written over. */
export function ChangedMeanwhile({ what, again }: { what: string; again: () => void }) {
  return (
    <Notice tone="bad">
      <span className="flex flex-wrap items-center gap-3">
        <span className="flex-1">Somebody changed {what} meanwhile, so nothing was saved.</span>
        <Button onClick={again}>Look again</Button>
      </span>
    </Notice>
  );
}

/** Says that something was saved. */
export function Saved({ is }: { is: boolean }) {
  return (
    <span role="status" className="text-2xs text-good">
      {is && "Saved"}
    </span>
  );
}
