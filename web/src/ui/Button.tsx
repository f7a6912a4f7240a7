/** Buttons, and links that look like them. */
import type { ButtonHTMLAttributes } from "react";

const SHAPE =
  "inline-flex h-7 items-center gap-1.5 whitespace-nowrap rounded border px-2.5 text-xs disabled:opacity-50";
const PLAIN =
  "border-line-strong bg-surface text-ink hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent aria-checked:border-accent aria-checked:bg-accent-soft aria-checked:text-accent";
const LOOKS = {
  plain: PLAIN,
  /** What a form is there for. */
  main: "border-accent bg-accent text-surface hover:ring-1 hover:ring-accent",
  /** What cannot be taken back. */
  bad: "border-bad bg-bad text-surface hover:ring-1 hover:ring-bad",
};

export const BUTTON = `${SHAPE} ${PLAIN}`;

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof LOOKS;
}

export function Button({ className = "", look = "plain", ...rest }: Props) {
  return <button type="button" {...rest} className={`${SHAPE} ${LOOKS[look]} ${className}`} />;
}
