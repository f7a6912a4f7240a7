/** A chart over time: areas on top of each other, or lines. Under the pointer it says the values of that moment. */
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { UNKNOWN } from "../lib/format.ts";
import { drawing } from "./drawing.ts";

export type Colour = "s1" | "s2" | "s3" | "s4" | "s5" | "s6" | "bad";

export interface Line {
  name: string;
  colour: Colour;
  values: (number | null)[];
}

export interface ChartProps {
  label: string;
  /** Unix seconds. */
  times: number[];
  kind: "stack" | "lines";
  format: (value: number) => string;
  lines: Line[];
}

const SWATCH: Record<Colour, string> = {
  s1: "bg-s1",
  s2: "bg-s2",
  s3: "bg-s3",
  s4: "bg-s4",
  s5: "bg-s5",
  s6: "bg-s6",
  bad: "bg-bad",
};

export function Chart(props: ChartProps) {
  const { times, lines, format, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [scheme, setScheme] = useState(0);
  useEffect(() => onScheme(() => setScheme((n) => n + 1)), []);
  // The text stands for what is drawn: it changes when a point does, and not with every answer that says the same.
  const drawn = JSON.stringify([scheme, times, lines]);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = box.current;
    if (!element || drawn === "") return;
    const { options, data } = drawing(latest.current, element, setAt);
    const plot = new uPlot(options, data, element);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: options.height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [drawn]);
  const time = at === null ? undefined : times[at];
  return (
    <figure>
      <div ref={box} role="img" aria-label={`${label}: ${summary(props)}`} className="h-29 px-1" />
      <figcaption className="flex h-7 flex-wrap items-start gap-x-3 overflow-hidden px-3 text-2xs text-muted">
        {time !== undefined && (
          <span>{new Date(time * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}</span>
        )}
        {lines.map((line) => (
          <span key={line.name} className="inline-flex items-center gap-1">
            <span className={`size-2 rounded-sm ${SWATCH[line.colour]}`} />
            {line.name}
            {at !== null && <b className="font-medium text-ink">{shown(line.values[at], format)}</b>}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? UNKNOWN : format(value);
}

/** What a reader of the screen hears: where each line is highest, and where it ends. */
function summary({ lines, format }: ChartProps): string {
  const said = lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0
      ? `${name} unknown`
      : `${name} at most ${format(Math.max(...known))}, last ${shown(known.at(-1), format)}`;
  });
  return said.join("; ");
}

/** Calls back when the colours change: by the system, or by the choice in the head of the page. */
function onScheme(changed: () => void): () => void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", changed);
    chosen.disconnect();
  };
}
