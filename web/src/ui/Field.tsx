/** A field of a form with its label, and what there is to say about it. */
import { type ReactNode, useId } from "react";

interface Props {
  label: string;
  help?: ReactNode;
  /** Draws the field; the id ties it to its label, the other one to the help. */
  children: (id: string, describedBy: string | undefined) => ReactNode;
}

export function Field({ label, help, children }: Props) {
  const [id, helpId] = [useId(), useId()];
  return (
    <div className="flex min-w-0 flex-col gap-1 text-xs">
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
      {children(id, help ? helpId : undefined)}
      {help && (
        <p id={helpId} className="text-2xs text-muted">
          {help}
        </p>
      )}
    </div>
  );
}
