/** A titled box, the unit every page is made of. */
import type { ReactNode } from "react";

interface Props {
  title: ReactNode;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, aside, className = "", children }: Props) {
  return (
    <section className={`min-w-0 rounded-md border border-line bg-surface ${className}`}>
      <header className="flex min-h-9 items-center justify-between gap-3 px-3 pt-1">
        <h2 className="text-xs font-medium text-muted">{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Names and values in two columns. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[minmax(0,auto)_minmax(0,1fr)] gap-x-4 gap-y-0.5 px-3 pb-3 text-xs">{children}</dl>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="stranger min-w-0 text-right">{children}</dd>
    </>
  );
}
