/** Six measures over time, each with its sum and how that changed against the period before. */
import { change, count, duration, money, percent, short } from "../../lib/format.ts";
import { isInterval, lengthOf } from "../../lib/range.ts";
import { type Axis, axisOf, seriesOf } from "../../lib/series.ts";
import { Change, type Wanted } from "../../ui/Change.tsx";
import { Chart, type Line } from "../../ui/Chart.tsx";
import { Panel } from "../../ui/Panel.tsx";
import type { Measures, Point, Stats } from "./queries.ts";

interface Widget {
  title: string;
  sum: (all: Measures) => string;
  /** The number that is compared with the period before. */
  number: (all: Measures) => number | null;
  wanted: Wanted;
  kind: "stack" | "lines";
  format: (value: number) => string;
  lines: { name: string; colour: Line["colour"]; value: (point: Point) => number | null; empty: number | null }[];
}

const WIDGETS: Widget[] = [
  {
    title: "Spend",
    sum: (all) => money(all.cost_usd),
    number: (all) => Number(all.cost_usd),
    wanted: "less",
    kind: "stack",
    format: money,
    lines: [{ name: "cost", colour: "s1", value: (p) => Number(p.cost_usd), empty: 0 }],
  },
  {
    title: "Requests",
    sum: (all) => count(all.requests),
    number: (all) => all.requests,
    wanted: "neither",
    kind: "stack",
    format: short,
    lines: [
      { name: "ok", colour: "s2", value: (p) => p.requests - p.errors, empty: 0 },
      { name: "failed", colour: "bad", value: (p) => p.errors, empty: 0 },
    ],
  },
  {
    title: "Error rate",
    sum: (all) => percent(all.error_rate),
    number: (all) => all.error_rate,
    wanted: "less",
    kind: "lines",
    format: percent,
    lines: [{ name: "failed", colour: "bad", value: (p) => p.error_rate, empty: null }],
  },
  {
    title: "Duration, p50 and p95",
    sum: (all) => `${duration(all.duration_ms?.p50)} / ${duration(all.duration_ms?.p95)}`,
    number: (all) => all.duration_ms?.p95 ?? null,
    wanted: "less",
    kind: "lines",
    format: duration,
    lines: [
      { name: "p95", colour: "s4", value: (p) => p.duration_ms?.p95 ?? null, empty: null },
      { name: "p50", colour: "s2", value: (p) => p.duration_ms?.p50 ?? null, empty: null },
    ],
  },
  {
    title: "Time to first token, p50 and p95",
    sum: (all) => `${duration(all.time_to_first_token_ms?.p50)} / ${duration(all.time_to_first_token_ms?.p95)}`,
    number: (all) => all.time_to_first_token_ms?.p95 ?? null,
    wanted: "less",
    kind: "lines",
    format: duration,
    lines: [
      { name: "p95", colour: "s4", value: (p) => p.time_to_first_token_ms?.p95 ?? null, empty: null },
      { name: "p50", colour: "s2", value: (p) => p.time_to_first_token_ms?.p50 ?? null, empty: null },
    ],
  },
  {
    title: "Tokens",
    sum: (all) => short(all.usage.total),
    number: (all) => all.usage.total,
    wanted: "neither",
    kind: "stack",
    format: short,
    lines: [
      { name: "input", colour: "s2", value: (p) => p.usage.input, empty: 0 },
      { name: "cache read", colour: "s1", value: (p) => p.usage.cache_read, empty: 0 },
      { name: "cache write", colour: "s4", value: (p) => p.usage.cache_write_5m + p.usage.cache_write_1h, empty: 0 },
      { name: "output", colour: "s3", value: (p) => p.usage.output, empty: 0 },
      { name: "reasoning", colour: "s5", value: (p) => p.usage.reasoning, empty: 0 },
      { name: "audio, image", colour: "s6", value: (p) => media(p.usage), empty: 0 },
    ],
  },
];

function media(usage: Measures["usage"]): number {
  const { audio_input, audio_cache_read, audio_output, image_input, image_cache_read, image_output } = usage;
  return audio_input + audio_cache_read + audio_output + image_input + image_cache_read + image_output;
}

export function Charts({ stats }: { stats: Stats }) {
  const interval = isInterval(stats.interval) ? stats.interval : "1h";
  const axis = axisOf(stats.from, stats.until, lengthOf(interval));
  return (
    <div className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
      {WIDGETS.map((widget) => (
        <One key={widget.title} widget={widget} stats={stats} axis={axis} interval={interval} />
      ))}
    </div>
  );
}

function One({ widget, stats, axis, interval }: { widget: Widget; stats: Stats; axis: Axis; interval: string }) {
  const [now, before] = [widget.number(stats.total), stats.previous ? widget.number(stats.previous) : null];
  const lines = widget.lines.map((line) => ({ ...line, values: seriesOf(axis, stats.points, line.value, line.empty) }));
  // A line that is nothing but zero says nothing; the first stays, so that a chart is never without one.
  const shown = lines.filter((line, i) => i === 0 || line.values.some((value) => value !== null && value !== 0));
  return (
    <Panel title={widget.title} aside={<span className="text-2xs text-faint">per {interval}</span>}>
      <p className="flex items-baseline gap-2 px-3 pb-1">
        <span className="text-lg leading-6 font-semibold">{widget.sum(stats.total)}</span>
        {now !== null && before !== null && <Change share={change(now, before)} wanted={widget.wanted} />}
      </p>
      <Chart
        label={`${widget.title} over time`}
        times={axis.times}
        kind={widget.kind}
        format={widget.format}
        lines={shown}
      />
    </Panel>
  );
}
