/** Lays the spans of a trace out: who is below whom, and where each bar begins and ends. */

export interface Timed {
  span_id: string;
  parent_span_id: string | null;
  started_at: string;
  duration_ms: number;
  time_to_first_token_ms: number | null;
}

export interface Bar<T> {
  span: T;
  depth: number;
  /** Shares of the whole width, 0 to 1. */
  left: number;
  width: number;
  /** Where the first token came, as a share of the bar. */
  firstToken: number | null;
}

/** Parents before their children, both in the order of their start. A parent that is not here, or a circle, makes a root. */
export function layOut<T extends Timed>(spans: readonly T[]): { bars: Bar<T>[]; lengthMs: number } {
  const inOrder = spans.toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
  const start = Math.min(...inOrder.map((span) => Date.parse(span.started_at)));
  const end = Math.max(...inOrder.map((span) => Date.parse(span.started_at) + span.duration_ms));
  const lengthMs = Math.max(end - start, 0.001);
  const known = new Set(spans.map((span) => span.span_id));
  const below = Map.groupBy(inOrder, (span) => parentOf(span, known));
  const bars: Bar<T>[] = [];
  const placed = new Set<string>();
  const place = (span: T, depth: number) => {
    if (placed.has(span.span_id)) return;
    placed.add(span.span_id);
    const left = (Date.parse(span.started_at) - start) / lengthMs;
    const first = span.time_to_first_token_ms;
    const firstToken = first === null || span.duration_ms === 0 ? null : Math.min(first / span.duration_ms, 1);
    bars.push({ span, depth, left, width: span.duration_ms / lengthMs, firstToken });
    for (const child of below.get(span.span_id) ?? []) place(child, depth + 1);
  };
  for (const root of below.get(null) ?? []) place(root, 0);
  for (const left of inOrder) place(left, 0);
  return { bars, lengthMs };
}

function parentOf(span: Timed, known: Set<string>): string | null {
  const parent = span.parent_span_id;
  return parent !== null && parent !== span.span_id && known.has(parent) ? parent : null;
}
