/** Tables: one line a row, numbers to the right, names cut where the room ends. */
import type { ReactNode } from "react";

export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="relative overflow-x-auto">
      <table aria-label={label} className="w-full border-collapse text-xs">
        {children}
      </table>
    </div>
  );
}

export function Tr({ children }: { children: ReactNode }) {
  return <tr className="relative border-t border-line hover:bg-raised focus-within:bg-raised">{children}</tr>;
}

export function Th({ end, children }: { end?: boolean; children: ReactNode }) {
  return (
    <th scope="col" className={`h-8 whitespace-nowrap px-3 text-2xs text-muted ${end ? "text-right" : ""}`}>
      {children}
    </th>
  );
}

interface CellProps {
  /** A number, which stands to the right. */
  end?: boolean;
  mono?: boolean;
  /** Takes the room that is left. */
  grow?: boolean;
  /** Never cut: there is something in it to press. */
  whole?: boolean;
  title?: string | undefined;
  children: ReactNode;
}

export function Td({ end, mono, grow, whole, title, children }: CellProps) {
  const width = grow ? "w-full max-w-0" : whole ? "" : "max-w-56";
  const look = `${end ? "text-right" : ""} ${mono ? "font-mono" : ""} ${width}`;
  return (
    <td title={title} className={`h-8 truncate whitespace-nowrap px-3 ${look}`}>
      <bdi>{children}</bdi>
    </td>
  );
}
