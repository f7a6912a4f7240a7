/** Tabs; which one is open is the page's to know, so that it can live in the address. */
import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";

interface Tab {
  id: string;
  name: string;
  view: () => ReactNode;
}

export function Tabs({
  tabs,
  open,
  onOpen,
  label,
}: {
  tabs: Tab[];
  open: string;
  onOpen: (id: string) => void;
  label: string;
}) {
  return (
    <Radix.Root value={open} onValueChange={onOpen} className="min-w-0">
      <Radix.List aria-label={label} className="flex gap-1 border-b border-line px-2">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px border-b-2 border-transparent px-2.5 py-2 text-xs text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.name}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id}>
          {tab.view()}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
