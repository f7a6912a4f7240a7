/** The same request in the words of several clients, each to be copied. */
import { useState } from "react";
import { SNIPPETS } from "../lib/snippets.ts";
import { Copy } from "./Copy.tsx";
import { Tabs } from "./Tabs.tsx";

export function Snippets({ base, token }: { base: string; token: string | null }) {
  const [open, setOpen] = useState("python");
  const tabs = SNIPPETS.map(({ id, name, text }) => ({
    id,
    name,
    view: () => <Shown text={text(base, token)} name={name} />,
  }));
  return <Tabs label="Client" open={open} onOpen={setOpen} tabs={tabs} />;
}

function Shown({ text, name }: { text: string; name: string }) {
  return (
    <div className="relative">
      <pre className="whitespace-pre-wrap break-words p-3 pr-16 font-mono text-xs leading-5">{text}</pre>
      <div className="absolute top-2 right-2">
        <Copy text={text} what={`the ${name} example`} />
      </div>
    </div>
  );
}
