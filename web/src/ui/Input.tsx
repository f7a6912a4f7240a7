/** Fields of forms. */
import type { InputHTMLAttributes, Ref, SelectHTMLAttributes } from "react";

const FIELD =
  "h-7 w-full min-w-0 rounded border border-line-strong bg-surface px-2 text-xs text-ink placeholder:text-faint";

export function Input({
  className = "",
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return <input autoComplete="off" spellCheck={false} {...rest} className={`${FIELD} ${className}`} />;
}

export function Select({ className = "", ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select {...rest} className={`${FIELD} ${className}`} />;
}

/** For the first field of what somebody opened to type in: as its `ref`, it gets the focus. */
export function focused(input: HTMLInputElement | null) {
  input?.focus();
}

/** A field for a new password. */
export const PASSWORD = { type: "password", autoComplete: "new-password", minLength: 12, maxLength: 256 } as const;
