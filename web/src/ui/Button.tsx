/** Buttons, and links that look like them. */
import type { ButtonHTMLAttributes } from "react";

export const BUTTON =
  "inline-flex h-7 items-center gap-1.5 whitespace-nowrap rounded border border-line-strong bg-surface px-2.5 text-xs text-ink hover:bg-raised disabled:opacity-50 aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent aria-checked:border-accent aria-checked:bg-accent-soft aria-checked:text-accent";

export function Button({ className = "", ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...rest} className={`${BUTTON} ${className}`} />;
}
