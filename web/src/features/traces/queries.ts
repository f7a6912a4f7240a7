/** What the trace pages ask the API for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Asked } from "../../api/asked.ts";
import { api, type QueryOf, type Schemas, take } from "../../api/client.ts";
import { asked } from "../../api/me.ts";
import { bounds } from "../../lib/range.ts";

export type Trace = Schemas["Trace"];
export type Span = Schemas["Span"];
export type SpanDetail = Schemas["SpanDetail"];
export type TraceDetail = Schemas["TraceDetail"];
export type Message = Schemas["Message"];
export type Part = Schemas["Part"];
export type Usage = Schemas["Usage"];

/** How often a list that shows its newest rows is asked again. */
const AGAIN_MS = 10_000;

export function tracesQuery({ filter, range, after }: Asked) {
  return queryOptions({
    queryKey: ["traces", filter, range, after],
    queryFn: () => {
      const query: QueryOf<"list_traces"> = { ...filter, ...bounds(range, new Date()), ...(after ? { after } : {}) };
      return take(api.GET("/api/v1/traces", { params: { query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: after === null ? AGAIN_MS : false,
  });
}

export function traceQuery(traceId: string, tenant: string | null) {
  return queryOptions({
    queryKey: ["trace", traceId, tenant],
    queryFn: () => {
      const params = { path: { trace_id: traceId }, query: asked(tenant) };
      return take(api.GET("/api/v1/traces/{trace_id}", { params }));
    },
  });
}

export function rawQuery({ span_id, tenant_id }: Span) {
  return queryOptions({
    queryKey: ["raw", span_id, tenant_id],
    queryFn: async () => {
      const params = { path: { span_id }, query: { tenant_id } };
      const raw = await take(api.GET("/api/v1/spans/{span_id}/raw", { params }));
      // Plain bytes are what the route sends where a part is named; here none is.
      if (typeof raw === "string") throw new TypeError("the raw route sent bytes instead of JSON");
      return raw;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The prices of a span's model, found among the models of the second it started in. */
export function priceQuery(span: Span) {
  const from = new Date(span.started_at);
  const until = new Date(from.getTime() + 1000);
  return queryOptions({
    queryKey: ["price", span.span_id],
    queryFn: async () => {
      const query = { from: from.toISOString(), until: until.toISOString(), tenant_id: span.tenant_id };
      const { items } = await take(api.GET("/api/v1/models/prices", { params: { query } }));
      const model = span.response_model ?? span.request_model;
      return items.find((one) => one.provider === span.provider && one.model === model)?.price ?? null;
    },
    staleTime: 60_000,
  });
}
