/** What happened in a time: money, requests, errors, latency and tokens, and who caused them. */
import { useQuery } from "@tanstack/react-query";
import { type Asked, useAsked } from "../../api/asked.ts";
import { FILTERS } from "../../api/generated/filters.ts";
import type { Range } from "../../lib/range.ts";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { RangePicker } from "../../ui/RangePicker.tsx";
import { Breakdown } from "./Breakdown.tsx";
import { Charts } from "./Charts.tsx";
import { byQuery, overTimeQuery } from "./queries.ts";

/** The tenant is chosen in the frame. */
const FIELDS = FILTERS.filter((field) => field.name !== "tenant_id");
const DAY: Range = { kind: "last", word: "24h" };

export function Overview() {
  const asked = useAsked(DAY);
  const overTime = useQuery(overTimeQuery(asked));
  return (
    <div className="flex flex-col gap-3 p-4">
      <title>Overview · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">Overview</h1>
        <FilterBar fields={FIELDS} wrong={asked.wrong} errors="offered" />
        <span className="flex-1" />
        <RangePicker range={asked.range} />
      </div>
      <QueryView
        query={overTime}
        isEmpty={(stats) => stats.total.requests === 0}
        empty="Nothing was sent in this time. Choose a longer one, or take a filter away."
      >
        {(stats) => (
          <>
            <Charts stats={stats} />
            <div className="grid gap-3 xl:grid-cols-2">
              <By asked={asked} by="model" title="By model" none="no model" />
              <By asked={asked} by="agent_id" title="By agent" none="no agent" />
            </div>
          </>
        )}
      </QueryView>
    </div>
  );
}

function By({ asked, by, title, none }: { asked: Asked; by: "model" | "agent_id"; title: string; none: string }) {
  const groups = useQuery(byQuery(asked, by));
  return <Breakdown query={groups} by={by} title={title} none={none} />;
}
