/** A question that stands before the page until it is answered. Escape is no answer: nothing happens. */
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./Button.tsx";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, onClose, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    // Closing it before it goes brings the focus back to where it came from.
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-auto max-h-[90dvh] w-[calc(100%-2rem)] max-w-md overflow-y-auto rounded-md border border-line-strong bg-surface p-4 text-ink shadow-lg backdrop:bg-bg/75"
    >
      <h2 id={id} className="stranger mb-3 text-sm font-semibold">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** What stands below a question: the way out first, what it is about last. */
export function Answers({ children }: { children: ReactNode }) {
  return <div className="mt-1 flex flex-wrap justify-end gap-2">{children}</div>;
}

/** What stands below a form: the way out, and what sends it. */
export function FormAnswers({ label, isBusy, onCancel }: { label: string; isBusy: boolean; onCancel: () => void }) {
  return (
    <Answers>
      <Button onClick={onCancel}>Cancel</Button>
      <Button type="submit" look="main" disabled={isBusy}>
        {label}
      </Button>
    </Answers>
  );
}
