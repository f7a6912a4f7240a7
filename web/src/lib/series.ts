/** Points of statistics on an even time axis: the API leaves out intervals in which nothing happened. */

export interface Axis {
  /** Unix seconds, one per interval. */
  times: number[];
  /** The index of the interval that starts at this moment; undefined where it is not on the axis. */
  at: Map<number, number>;
}

const LONGEST = 1000;

export function axisOf(from: string, until: string, intervalMs: number): Axis {
  const first = Math.floor(Date.parse(from) / intervalMs) * intervalMs;
  const end = Date.parse(until);
  const n = Math.min(Math.max(Math.ceil((end - first) / intervalMs), 1), LONGEST + 1);
  const times = Array.from({ length: n }, (_, i) => (first + i * intervalMs) / 1000);
  return { times, at: new Map(times.map((time, i) => [time * 1000, i])) };
}

/** One value per interval: `empty` (0 for a count, null for what has no value) where the API has no point. */
export function seriesOf<P extends { start: string }>(
  axis: Axis,
  points: readonly P[],
  value: (point: P) => number | null,
  empty: number | null,
): (number | null)[] {
  const values: (number | null)[] = axis.times.map(() => empty);
  for (const point of points) {
    const index = axis.at.get(Date.parse(point.start));
    if (index !== undefined) values[index] = value(point);
  }
  return values;
}

/** Each series on top of those before it, for areas that are drawn from the last to the first. */
export function stacked(series: readonly (number | null)[][]): (number | null)[][] {
  const sum: number[] = [];
  return series.map((values) =>
    values.map((value, i) => {
      sum[i] = (sum[i] ?? 0) + (value ?? 0);
      return sum[i] ?? 0;
    }),
  );
}

/** The places of values that have no value beside them. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const there = (at: number) => typeof values[at] === "number";
  return Array.from(values, (_value, at) => at).filter((at) => there(at) && !there(at - 1) && !there(at + 1));
}
