/** A form that keeps what was typed when it is sent: what was refused is to be corrected, not typed again. */
import type { ReactNode } from "react";

interface Props {
  onSend: (form: FormData) => void;
  className?: string;
  children: ReactNode;
}

export function Form({ onSend, className, children }: Props) {
  return (
    <form
      className={className}
      onSubmit={(event) => {
        event.preventDefault();
        onSend(new FormData(event.currentTarget));
      }}
    >
      {children}
    </form>
  );
}
