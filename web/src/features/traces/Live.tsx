/** The live tail: spans as they are stored, newest first. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer } from "react";
import type { Filter } from "../../api/generated/filters.ts";
import { meQuery } from "../../api/me.ts";
import { count, duration, money, short, UNKNOWN } from "../../lib/format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Link } from "../../ui/Link.tsx";
import { Failed } from "../../ui/QueryView.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import type { Span } from "./queries.ts";
import { StatusBadge } from "./Status.tsx";
import { KEPT, type Tail, useTail } from "./tail.ts";

const SAYS: Record<Tail["state"], string> = {
  connecting: "Connecting…",
  live: "Live: new exchanges appear as they are stored",
  broken: "The connection broke; trying again…",
  refused: "",
};

const REFUSED = new Error("The proxy refused the tail; it may have as many open as it allows.");

export function Live({ filter }: { filter: Filter }) {
  const [attempt, again] = useReducer((n: number) => n + 1, 0);
  return <Following key={attempt} filter={filter} again={again} />;
}

function Following({ filter, again }: { filter: Filter; again: () => void }) {
  const tail = useTail(filter);
  const queries = useQueryClient();
  useEffect(() => {
    // A browser does not tell why a stream was refused: asking who looks tells whether they must log in again.
    if (tail.state === "refused") queries.invalidateQueries({ queryKey: meQuery.queryKey });
  }, [tail.state, queries]);
  if (tail.state === "refused") return <Failed error={REFUSED} retry={again} />;
  return (
    <>
      <p role="status" className="flex items-center gap-3 px-3 py-2 text-xs text-muted">
        {SAYS[tail.state]}
        {tail.dropped > 0 && <Badge tone="warn">{count(tail.dropped)} left out: this page was too slow</Badge>}
        {tail.spans.length === KEPT && <Badge>the last {KEPT} are shown</Badge>}
      </p>
      {tail.spans.length === 0 ? (
        <p className="border-t border-line px-4 py-10 text-center text-muted">
          Nothing yet. The next exchange that matches shows up here.
        </p>
      ) : (
        <Spans spans={tail.spans} />
      )}
    </>
  );
}

function Spans({ spans }: { spans: Span[] }) {
  return (
    <Table label="Live exchanges, newest first">
      <thead>
        <tr>
          <Th>Started</Th>
          <Th>Status</Th>
          <Th>Model</Th>
          <Th>Provider</Th>
          <Th>Operation</Th>
          <Th>Session</Th>
          <Th>Agent</Th>
          <Th end>Tokens</Th>
          <Th end>Cost</Th>
          <Th end>First token</Th>
          <Th end>Duration</Th>
        </tr>
      </thead>
      <tbody>
        {spans.map((span) => (
          <Tr key={span.span_id}>
            <Td>
              <Link data-row to={`/traces/${span.trace_id}?span=${span.span_id}`} className="row-link">
                <Time at={span.started_at} />
              </Link>
            </Td>
            <Td>
              <StatusBadge span={span} />
            </Td>
            <Td grow>{span.response_model ?? span.request_model ?? UNKNOWN}</Td>
            <Td>{span.provider}</Td>
            <Td>{span.operation}</Td>
            <Td>{span.session_id ?? UNKNOWN}</Td>
            <Td>{span.agent_id ?? UNKNOWN}</Td>
            <Td end>{short(span.usage?.total)}</Td>
            <Td end>{money(span.cost_usd)}</Td>
            <Td end>{duration(span.time_to_first_token_ms)}</Td>
            <Td end>{duration(span.duration_ms)}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
