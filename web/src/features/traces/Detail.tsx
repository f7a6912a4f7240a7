/** One trace: when its spans ran, and what the selected one said and cost. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { useParams, useSearchParams } from "react-router";
import { useTenant } from "../../api/me.ts";
import { count, duration, id, moment, money, short } from "../../lib/format.ts";
import { moveFocus, useKeys } from "../../lib/keys.ts";
import { withParam } from "../../lib/params.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Copy } from "../../ui/Copy.tsx";
import { Link } from "../../ui/Link.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { type SpanDetail, type TraceDetail, traceQuery } from "./queries.ts";
import { SpanView } from "./SpanView.tsx";
import { Waterfall } from "./Waterfall.tsx";

export function Trace() {
  const { traceId = "" } = useParams();
  const trace = useQuery(traceQuery(traceId, useTenant()));
  return (
    <div className="flex flex-1 flex-col gap-3 p-4">
      <title>{`Trace ${id(traceId)} · LLMTrace`}</title>
      <QueryView query={trace} isEmpty={(data) => data.spans.length === 0} empty="This trace has no spans.">
        {(data) => <Shown trace={data} />}
      </QueryView>
    </div>
  );
}

function Shown({ trace }: { trace: TraceDetail }) {
  const [params, setParams] = useSearchParams();
  const rows = useRef<HTMLDivElement>(null);
  const act = useCallback((key: string) => {
    if (key !== "j" && key !== "k") return false;
    return moveFocus([...(rows.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])], key === "j" ? 1 : -1);
  }, []);
  useKeys(act);
  const selected = trace.spans.find((span) => span.span_id === params.get("span")) ?? trace.spans[0];
  const select = (span: SpanDetail) => setParams(withParam(params, "span", span.span_id), { replace: true });
  return (
    <>
      <Head trace={trace} />
      <div ref={rows}>
        <Waterfall spans={trace.spans} selected={selected} onSelect={select} />
      </div>
      {selected && <SpanView span={selected} key={selected.span_id} />}
    </>
  );
}

function Head({ trace }: { trace: TraceDetail }) {
  const sums = [
    ["Duration", duration(trace.duration_ms)],
    ["Spans", count(trace.span_count)],
    ["Tokens", short(trace.total_tokens)],
    ["Cost", money(trace.cost_usd)],
  ];
  return (
    <header className="flex flex-wrap items-center gap-x-6 gap-y-2">
      <div className="min-w-0">
        <h1 className="flex items-center gap-2 text-base font-semibold">
          <Link to="/traces" className="font-normal text-muted hover:text-ink">
            Traces
          </Link>
          <span className="text-faint">/</span>
          <span className="font-mono text-sm">{trace.trace_id}</span>
          <Copy text={trace.trace_id} what="the trace id" />
          {trace.error_count > 0 && <Badge tone="bad">{count(trace.error_count)} failed</Badge>}
        </h1>
        <p className="stranger text-xs text-muted">
          {moment(trace.started_at)} · {trace.tenant_id}
          {trace.session_id && (
            <>
              {" · session "}
              <Link
                className="text-accent underline"
                to={`/traces?${new URLSearchParams({ session_id: trace.session_id })}`}
              >
                {trace.session_id}
              </Link>
            </>
          )}
        </p>
      </div>
      <span className="flex-1" />
      <dl className="flex gap-6">
        {sums.map(([name, value]) => (
          <div key={name} className="text-right">
            <dt className="text-2xs text-muted">{name}</dt>
            <dd className="text-sm font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      {trace.truncated && (
        <p role="status" className="w-full text-xs text-warn">
          The first {count(trace.spans.length)} of {count(trace.span_count)} spans are shown; the sums are theirs.
        </p>
      )}
    </header>
  );
}
