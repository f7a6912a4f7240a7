/** The spans of a trace as bars on one time axis; a tick where the first token came. */
import { duration, money, short } from "../../lib/format.ts";
import { type Bar, layOut } from "../../lib/waterfall.ts";
import type { SpanDetail } from "./queries.ts";
import { StatusBadge } from "./Status.tsx";

interface Props {
  spans: SpanDetail[];
  selected: SpanDetail | undefined;
  onSelect: (span: SpanDetail) => void;
}

const COLUMNS = "grid grid-cols-[minmax(14rem,22rem)_minmax(8rem,1fr)_5rem_5rem_5rem] items-center gap-3 px-3";
const TICKS = [0, 0.25, 0.5, 0.75, 1];

export function Waterfall({ spans, selected, onSelect }: Props) {
  const { bars, lengthMs } = layOut(spans);
  return (
    <section aria-label="Spans" className="rounded-md border border-line bg-surface text-xs">
      <div className={`${COLUMNS} h-8 text-2xs text-muted`}>
        <span>Span</span>
        <span className="relative h-4" aria-hidden="true">
          {TICKS.map((tick) => (
            <span
              key={tick}
              className="absolute -translate-x-1/2 whitespace-nowrap first:translate-x-0 last:-translate-x-full"
              style={{ left: `${tick * 100}%` }}
            >
              {duration(lengthMs * tick)}
            </span>
          ))}
        </span>
        <span className="text-right">Duration</span>
        <span className="text-right">Tokens</span>
        <span className="text-right">Cost</span>
      </div>
      <ul className="max-h-[38vh] overflow-y-auto pb-1">
        {bars.map((bar) => (
          <li key={bar.span.span_id}>
            <Row bar={bar} isSelected={bar.span === selected} onSelect={onSelect} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({
  bar,
  isSelected,
  onSelect,
}: {
  bar: Bar<SpanDetail>;
  isSelected: boolean;
  onSelect: (span: SpanDetail) => void;
}) {
  const { span } = bar;
  const model = span.response_model ?? span.request_model ?? span.path;
  return (
    <button
      type="button"
      data-row
      aria-pressed={isSelected}
      onClick={() => onSelect(span)}
      className={`${COLUMNS} h-8 w-full border-l-2 border-transparent text-left hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft`}
    >
      <span className="flex min-w-0 items-center gap-2" style={{ paddingLeft: `${Math.min(bar.depth, 12) * 14}px` }}>
        <StatusBadge span={span} />
        <bdi className="truncate" title={model}>
          <span className="text-muted">{span.operation}</span> {model}
        </bdi>
      </span>
      <Track bar={bar} />
      <span className="text-right">{duration(span.duration_ms)}</span>
      <span className="text-right">{short(span.usage?.total)}</span>
      <span className="text-right" title={span.cost_usd ? `${span.cost_usd} USD` : undefined}>
        {money(span.cost_usd)}
      </span>
    </button>
  );
}

function Track({ bar }: { bar: Bar<SpanDetail> }) {
  const colour = bar.span.status === "error" ? "bg-bad" : "bg-s2";
  return (
    <span className="relative h-3" aria-hidden="true">
      {TICKS.map((tick) => (
        <span key={tick} className="absolute -inset-y-2.5 w-px bg-line" style={{ left: `${tick * 100}%` }} />
      ))}
      <span
        className={`absolute inset-y-0 min-w-0.5 rounded-sm ${colour}`}
        style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }}
      >
        {bar.firstToken !== null && (
          <span
            title={`first token after ${duration(bar.span.time_to_first_token_ms)}`}
            className="absolute -inset-y-0.5 w-0.5 bg-ink"
            style={{ left: `${bar.firstToken * 100}%` }}
          />
        )}
      </span>
    </span>
  );
}
