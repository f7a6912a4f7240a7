/** What became of something that somebody did. Trouble is read out at once. */
import type { ReactNode } from "react";

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
