/** Keys that act on the whole page; they stand back while somebody types. */
import { useEffect } from "react";

export function useKeys(act: (key: string) => boolean) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (act(event.key)) event.preventDefault();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [act]);
}

/** Moves the focus to the next (1) or the one before (-1) of the rows, so that Enter opens what is focused. */
export function moveFocus(rows: readonly HTMLElement[], step: 1 | -1): boolean {
  const at = rows.findIndex((row) => row.matches(":focus"));
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  const row = rows[next];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
  return row !== undefined;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
