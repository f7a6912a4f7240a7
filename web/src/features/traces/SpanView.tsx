/** One span: what was said, its raw bytes, and the facts beside them. */
import { useSearchParams } from "react-router";
import { withParam } from "../../lib/params.ts";
import { Tabs } from "../../ui/Tabs.tsx";
import { Conversation } from "./Conversation.tsx";
import { Cost } from "./Cost.tsx";
import { Asked, Seen, Sent, Times } from "./Facts.tsx";
import type { SpanDetail } from "./queries.ts";
import { Raw } from "./Raw.tsx";

export function SpanView({ span }: { span: SpanDetail }) {
  const [params, setParams] = useSearchParams();
  const tabs = [
    { id: "conversation", name: "Conversation", view: () => <Conversation span={span} /> },
    { id: "raw", name: "Raw bytes", view: () => <Raw span={span} /> },
  ];
  const open = tabs.find((tab) => tab.id === params.get("tab"))?.id ?? "conversation";
  return (
    <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="min-w-0 rounded-md border border-line bg-surface">
        <Tabs
          label="What of the span is shown"
          tabs={tabs}
          open={open}
          onOpen={(id) => setParams(withParam(params, "tab", id), { replace: true })}
        />
      </div>
      <div className="flex min-w-0 flex-col gap-3">
        <Seen span={span} />
        <Cost span={span} />
        <Times span={span} />
        <Asked span={span} />
        <Sent span={span} />
      </div>
    </div>
  );
}
