/** A button that opens a small box below it. Escape, a click elsewhere, and leaving it with the keyboard close it. */
import { type FocusEvent, type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { Button } from "./Button.tsx";

interface Props {
  button: ReactNode;
  open: boolean;
  onOpen: (open: boolean) => void;
  /** Which side of the button the box keeps to, so that it stays on the page. */
  side?: "left" | "right";
  children: ReactNode;
}

export function Popup({ button, open, onOpen, side = "left", children }: Props) {
  const all = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("input, select, button")?.focus();
    const elsewhere = (event: PointerEvent) => {
      if (event.target instanceof Node && !all.current?.contains(event.target)) onOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open, onOpen]);
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    onOpen(false);
    all.current?.querySelector("button")?.focus();
  };
  const left = (event: FocusEvent) => {
    if (open && event.relatedTarget instanceof Node && !all.current?.contains(event.relatedTarget)) onOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears what the button and the fields in it do
    <div ref={all} className="relative" onKeyDown={pressed} onBlur={left}>
      <Button aria-expanded={open} aria-haspopup="dialog" onClick={() => onOpen(!open)}>
        {button}
      </Button>
      {open && (
        <div
          ref={box}
          className={`absolute top-8 z-20 min-w-56 rounded-md border border-line-strong bg-surface p-2 shadow-lg ${side === "left" ? "left-0" : "right-0"}`}
        >
          {children}
        </div>
      )}
    </div>
  );
}
