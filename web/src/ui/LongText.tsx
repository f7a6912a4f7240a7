/** A stranger's text: shown as it is, long ones cut until somebody asks for the rest. */
import { useState } from "react";
import { count } from "../lib/format.ts";
import { Copy } from "./Copy.tsx";

const SHOWN = 4_000;

export function LongText({ text, mono }: { text: string; mono?: boolean }) {
  const [whole, setWhole] = useState(false);
  const isCut = !whole && text.length > SHOWN;
  return (
    <div className="group relative min-w-0 flex-1">
      <div dir="auto" className={`stranger ${mono ? "font-mono text-xs" : ""}`}>
        {isCut ? text.slice(0, SHOWN) : text}
      </div>
      {isCut && (
        <button type="button" onClick={() => setWhole(true)} className="text-xs text-accent underline">
          Show all {count(text.length)} characters
        </button>
      )}
      {text.length > 0 && (
        <span className="absolute -top-0.5 right-0 rounded bg-surface opacity-0 focus-within:opacity-100 group-hover:opacity-100">
          <Copy text={text} what="this text" />
        </span>
      )}
    </div>
  );
}
