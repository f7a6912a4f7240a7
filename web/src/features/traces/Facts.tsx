/** The facts of a span: how it ended and what was seen of it, its times, what was asked for, where it came from. */
import { bytes, count, duration, moment, percent } from "../../lib/format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Copy } from "../../ui/Copy.tsx";
import { Fact, Facts, Panel } from "../../ui/Panel.tsx";
import type { SpanDetail } from "./queries.ts";
import { StatusBadge } from "./Status.tsx";

interface Props {
  span: SpanDetail;
}

export function Seen({ span }: Props) {
  const { coverage, error } = span;
  const lists = [
    ["Not read", coverage.not_read],
    ["Unknown", coverage.unknown],
    ["Not priced", coverage.not_priced],
    ["Not analysed", coverage.not_analysed],
    ["Withheld", coverage.withheld],
  ] as const;
  return (
    <Panel title="Outcome" aside={<StatusBadge span={span} />}>
      {error && (
        <p role="note" className="stranger mx-3 mb-2 rounded bg-bad-soft px-2 py-1 text-xs text-bad">
          <b>{error.kind}</b>
          {`\n${error.message}`}
        </p>
      )}
      <Facts>
        <Fact name="End">{span.end_reason.replaceAll("_", " ")}</Fact>
        {span.finish_reasons.length > 0 && <Fact name="Finish">{span.finish_reasons.join(", ")}</Fact>}
        <Fact name="Request seen">{seen(coverage.request)}</Fact>
        <Fact name="Response seen">{seen(coverage.response)}</Fact>
        {lists.map(
          ([name, list]) =>
            list.length > 0 && (
              <Fact key={name} name={name}>
                {list.join(", ")}
              </Fact>
            ),
        )}
        <Fact name="Analysis">{coverage.analysis}</Fact>
      </Facts>
      {span.findings.map((finding) => (
        <p key={finding.id} className="stranger mx-3 mb-2 text-xs">
          <Badge tone={finding.action === "observe" ? "plain" : "bad"}>{finding.severity}</Badge>{" "}
          {finding.kind.replaceAll("_", " ")}
          {finding.subtype && `, ${finding.subtype.replaceAll("_", " ")}`}: {finding.reason} (
          {percent(finding.confidence)}, {finding.rule}
          {finding.owasp && `, ${finding.owasp}`}
          {finding.place && `, ${finding.place.channel}`}; {finding.action})
        </p>
      ))}
    </Panel>
  );
}

function seen({ seen, reason }: SpanDetail["coverage"]["request"]): string {
  return reason ? `${seen.replaceAll("_", " ")}: ${reason}` : seen.replaceAll("_", " ");
}

export function Times({ span }: Props) {
  return (
    <Panel title="Times">
      <Facts>
        <Fact name="Started">{moment(span.started_at)}</Fact>
        <Fact name="Connect">{span.connect_ms === null ? "reused" : duration(span.connect_ms)}</Fact>
        <Fact name="First byte">{duration(span.time_to_first_byte_ms)}</Fact>
        {span.stream && <Fact name="First token">{duration(span.time_to_first_token_ms)}</Fact>}
        <Fact name="Duration">{duration(span.duration_ms)}</Fact>
        <Fact name="Proxy's own">{duration(span.overhead_us / 1000)}</Fact>
        <Fact name="Request body">{bytes(span.request_bytes)}</Fact>
        <Fact name="Response body">{bytes(span.response_bytes)}</Fact>
      </Facts>
    </Panel>
  );
}

export function Asked({ span }: Props) {
  const params = Object.entries(span.params);
  return (
    <Panel title="Request">
      <Facts>
        <Fact name="Model asked">{span.request_model ?? "–"}</Fact>
        {span.response_model !== span.request_model && <Fact name="Model answered">{span.response_model ?? "–"}</Fact>}
        <Fact name="Provider">{span.provider}</Fact>
        <Fact name="Format">{span.dialect}</Fact>
        <Fact name="Path">
          {span.method} {span.path}
        </Fact>
        <Fact name="Stream">{span.stream ? "yes" : "no"}</Fact>
        {params.map(([name, value]) => (
          <Fact key={name} name={name}>
            {typeof value === "string" ? value : JSON.stringify(value)}
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}

export function Sent({ span }: Props) {
  const labels = [
    ["Agent", span.agent_id],
    ["User", span.user_id],
    ["Session", span.session_id],
    ["Environment", span.environment],
    ["Release", span.release],
    ["Client", span.client_address],
    ["Upstream", span.upstream],
    ["Provider's request", span.provider_request_id],
    ["Response id", span.response_id],
  ] as const;
  const limits = Object.entries(span.rate_limits);
  return (
    <Panel title="Labels" aside={<Copy text={span.span_id} what="the span id" />}>
      <Facts>
        <Fact name="Span">{span.span_id}</Fact>
        {labels.map(
          ([name, value]) =>
            value && (
              <Fact key={name} name={name}>
                {value}
              </Fact>
            ),
        )}
        {limits.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </Facts>
      {span.tags.length > 0 && (
        <p className="flex flex-wrap gap-1 px-3 pb-3">
          <span className="sr-only">{count(span.tags.length)} tags:</span>
          {span.tags.map((tag) => (
            <Badge key={tag} title={tag}>
              {tag}
            </Badge>
          ))}
        </p>
      )}
    </Panel>
  );
}
