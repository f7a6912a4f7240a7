/** A word in a box; its colour says how bad it is, its text says what. */
import type { ReactNode } from "react";

export type Tone = "plain" | "good" | "bad" | "warn" | "accent";

const TONES: Record<Tone, string> = {
  plain: "bg-raised text-muted",
  good: "text-good",
  bad: "bg-bad-soft text-bad",
  warn: "bg-warn-soft text-warn",
  accent: "bg-accent-soft text-accent",
};

export function Badge({ tone = "plain", title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span
      title={title}
      className={`inline-block max-w-full truncate rounded px-1.5 align-middle text-2xs ${TONES[tone]}`}
    >
      {children}
    </span>
  );
}
