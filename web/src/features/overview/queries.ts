/** What the overview asks the API for: one question for everything over time, one for each table. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Asked } from "../../api/asked.ts";
import { api, type QueryOf, type Schemas, take } from "../../api/client.ts";
import { bounds, intervalOf } from "../../lib/range.ts";

export type Stats = Schemas["Stats"];
export type Measures = Schemas["Measures"];
export type Point = Stats["points"][number];
export type Group = Stats["groups"][number];
type Asking = QueryOf<"get_stats">;
export type Order = NonNullable<Asking["order"]>;

const AGAIN_MS = 15_000;

/** Sums and a point per interval, with the sums of the period before. */
export function overTimeQuery({ filter, range }: Asked) {
  return question(["over time", filter, range], (now) => ({
    ...filter,
    ...bounds(range, now),
    interval: intervalOf(range, now),
    compare: "previous",
  }));
}

/** The largest groups by cost, with their sums of the period before. */
export function byQuery({ filter, range }: Asked, by: "model" | "agent_id") {
  return question(["by", by, filter, range], (now) => ({
    ...filter,
    ...bounds(range, now),
    group_by: [by],
    compare: "previous",
    order: "cost",
    limit: 10,
  }));
}

function question(key: unknown[], ask: (now: Date) => Asking) {
  return queryOptions({
    queryKey: ["stats", ...key],
    queryFn: () => take(api.GET("/api/v1/stats", { params: { query: ask(new Date()) } })),
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });
}
