/** Turns a chart into what uPlot draws. */
import uPlot from "uplot";
import { isolated, stacked } from "../lib/series.ts";
import type { ChartProps, Colour } from "./Chart.tsx";

const HEIGHT = 116;

interface Drawing {
  options: uPlot.Options;
  data: uPlot.AlignedData;
}

export function drawing(chart: ChartProps, element: HTMLElement, onPoint: (index: number | null) => void): Drawing {
  const colour = (token: Colour | "line" | "faint") => resolved(element, token);
  const stack = chart.kind === "stack";
  const values = chart.lines.map((line) => line.values);
  // Drawn from the highest to the lowest, so that each lower area covers the one behind it.
  const order = chart.lines.map((line, i) => ({ line, values: (stack ? stacked(values) : values)[i] ?? [] })).reverse();
  const series: uPlot.Series[] = order.map(({ line }) => ({
    label: line.name,
    stroke: colour(line.colour),
    spanGaps: false,
    ...(stack
      ? { fill: colour(line.colour), paths: bars(), width: 0, points: { show: false } }
      : // A line has no length where a value has no neighbours: a dot shows it.
        { width: 1.5, points: { size: 4, show: true, filter: (plot, at) => isolated(plot.data[at] ?? []) } }),
  }));
  const axis = {
    stroke: colour("faint"),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: !stack }, sync: { key: "overview" }, drag: { x: false, y: false } },
    // The last interval has room, too: its bar begins where it starts.
    scales: {
      x: { range: (_plot, low, high) => [low, high + stepOf(chart.times)] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      { ...axis, size: 24, space: 70, grid: { show: false }, values: (_plot, ticks) => timesOfDay(ticks, chart.times) },
      {
        ...axis,
        size: 56,
        space: 32,
        grid: { stroke: colour("line"), width: 1 },
        values: (_plot, ticks) => ticks.map(chart.format),
      },
    ],
    series: [{}, ...series],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
  return { options, data: [chart.times, ...order.map((one) => one.values)] };
}

function stepOf([first = 0, second = first + 60]: number[]): number {
  return second - first;
}

function bars(): uPlot.Series.PathBuilder {
  const make = uPlot.paths.bars;
  if (!make) throw new Error("uPlot draws bars");
  return make({ size: [0.78, 24], align: 1 });
}

/** Hours for a day, days for a month. */
function timesOfDay(ticks: number[], times: number[]): string[] {
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return ticks.map((tick) => {
    const at = new Date(tick * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    if (span > 2 * 86_400 || midnight) return at.toLocaleDateString("en-US", { month: "short", day: "numeric" });
    return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  });
}

/** A token's colour as the canvas takes it, in the theme that is on. */
function resolved(element: HTMLElement, token: string): string {
  const before = element.style.color;
  element.style.color = `var(--${token})`;
  const colour = getComputedStyle(element).color;
  element.style.color = before;
  return colour;
}
