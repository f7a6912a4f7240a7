/** Spans as they are stored, over server-sent events. */
import { useEffect, useReducer } from "react";
import type { Filter } from "../../api/generated/filters.ts";
import { address } from "../../lib/params.ts";
import type { Span } from "./queries.ts";

/** How many rows are kept; the oldest go. */
export const KEPT = 200;

export interface Tail {
  /** `refused`: the server said no, and the browser does not ask again by itself. */
  state: "connecting" | "live" | "broken" | "refused";
  spans: Span[];
  /** How many the server left out because this page was too slow. */
  dropped: number;
}

type Event =
  | { kind: "opened" }
  | { kind: "broken"; refused: boolean }
  | { kind: "restarted" }
  | { kind: "span"; span: Span }
  | { kind: "dropped"; count: number };

const START: Tail = { state: "connecting", spans: [], dropped: 0 };

function step(tail: Tail, event: Event): Tail {
  switch (event.kind) {
    case "restarted":
      return START;
    case "opened":
      return { ...tail, state: "live" };
    case "broken":
      return { ...tail, state: event.refused ? "refused" : "broken" };
    case "span":
      return {
        ...tail,
        spans: [event.span, ...tail.spans.filter((it) => it.span_id !== event.span.span_id)].slice(0, KEPT),
      };
    case "dropped":
      return { ...tail, dropped: tail.dropped + event.count };
  }
}

export function useTail(filter: Filter): Tail {
  const [tail, tell] = useReducer(step, START);
  const url = tailUrl(filter);
  useEffect(() => {
    tell({ kind: "restarted" });
    const source = new EventSource(url);
    source.addEventListener("open", () => tell({ kind: "opened" }));
    source.addEventListener("error", () => tell({ kind: "broken", refused: source.readyState === EventSource.CLOSED }));
    source.addEventListener("span", (event) => {
      const span: unknown = JSON.parse(event.data);
      if (isSpan(span)) tell({ kind: "span", span });
    });
    source.addEventListener("dropped", (event) => {
      const said: unknown = JSON.parse(event.data);
      if (isCount(said)) tell({ kind: "dropped", count: said.count });
    });
    return () => source.close();
  }, [url]);
  return tail;
}

export function tailUrl(filter: Filter): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  return address("/api/v1/tail", params);
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "span_id" in value && "trace_id" in value;
}

function isCount(value: unknown): value is { count: number } {
  return typeof value === "object" && value !== null && "count" in value && typeof value.count === "number";
}
