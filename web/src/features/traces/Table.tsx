/** The table of traces. */

import { count, duration, id, money, UNKNOWN } from "../../lib/format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Link } from "../../ui/Link.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import type { Trace } from "./queries.ts";

export function TraceTable({ traces }: { traces: Trace[] }) {
  const slowest = Math.max(...traces.map((trace) => trace.duration_ms));
  return (
    <Table label="Traces, newest first">
      <thead>
        <tr>
          <Th>Started</Th>
          <Th>Trace</Th>
          <Th>Models</Th>
          <Th>Session</Th>
          <Th>Tenant</Th>
          <Th end>Spans</Th>
          <Th end>Errors</Th>
          <Th end>Tokens</Th>
          <Th end>Cost</Th>
          <Th end>Duration</Th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace) => (
          <Row key={`${trace.tenant_id} ${trace.trace_id}`} trace={trace} slowest={slowest} />
        ))}
      </tbody>
    </Table>
  );
}

function Row({ trace, slowest }: { trace: Trace; slowest: number }) {
  return (
    <Tr>
      <Td>
        <Link data-row to={`/traces/${trace.trace_id}`} className="row-link">
          <Time at={trace.started_at} />
        </Link>
      </Td>
      <Td mono title={trace.trace_id}>
        {id(trace.trace_id)}
      </Td>
      <Td grow title={trace.models.join(", ")}>
        {trace.models.length > 0 ? trace.models.join(", ") : UNKNOWN}
      </Td>
      <Td title={trace.session_id ?? undefined}>{trace.session_id ?? UNKNOWN}</Td>
      <Td>{trace.tenant_id}</Td>
      <Td end>{count(trace.span_count)}</Td>
      <Td end>
        {trace.error_count > 0 ? (
          <Badge tone="bad">{count(trace.error_count)}</Badge>
        ) : (
          <span className="text-faint">0</span>
        )}
      </Td>
      <Td end>{count(trace.total_tokens)}</Td>
      <Td end title={`${trace.cost_usd} USD`}>
        {money(trace.cost_usd)}
      </Td>
      <Td end>
        <span className="inline-flex w-32 items-center justify-end gap-2">
          <span className="h-1 w-12 overflow-hidden rounded bg-raised" aria-hidden="true">
            <span className="block h-full bg-s2/70" style={{ width: `${(trace.duration_ms / slowest) * 100}%` }} />
          </span>
          <span className="w-16">{duration(trace.duration_ms)}</span>
        </span>
      </Td>
    </Tr>
  );
}
