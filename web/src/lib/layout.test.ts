import { expect, it } from "vitest";
import { costByBucket, scaled } from "./money.ts";
import { axisOf, seriesOf, stacked } from "./series.ts";
import { layOut } from "./waterfall.ts";

function span(id: string, parent: string | null, startMs: number, lengthMs: number, first: number | null = null) {
  const started_at = new Date(Date.UTC(2026, 1, 3) + startMs).toISOString();
  return { span_id: id, parent_span_id: parent, started_at, duration_ms: lengthMs, time_to_first_token_ms: first };
}

it("children stand below their parents, in the order of their start", () => {
  const { bars, lengthMs } = layOut([
    span("c", "a", 60, 40),
    span("b", "a", 10, 50),
    span("a", "elsewhere", 0, 100, 25),
  ]);
  expect(bars.map((bar) => [bar.span.span_id, bar.depth])).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 1],
  ]);
  expect(lengthMs).toBe(100);
  expect(bars[0]?.firstToken).toBe(0.25);
  expect(bars[2]).toMatchObject({ left: 0.6, width: 0.4, firstToken: null });
});

it("circles and lengths of nothing break nothing", () => {
  const { bars } = layOut([span("a", "b", 0, 0), span("b", "a", 0, 0), span("c", "c", 0, 0)]);
  expect(bars.map((bar) => bar.span.span_id).toSorted()).toEqual(["a", "b", "c"]);
  expect(bars.every((bar) => Number.isFinite(bar.left) && Number.isFinite(bar.width))).toBe(true);
});

it("an axis has every interval, and points stand where they belong", () => {
  const axis = axisOf("2026-02-03T10:20:00Z", "2026-02-03T13:00:00Z", 3_600_000);
  expect(axis.times.length).toBe(3);
  const points = [
    { start: "2026-02-03T11:00:00Z", n: 4 },
    { start: "2026-02-04T11:00:00Z", n: 9 },
  ];
  expect(seriesOf(axis, points, (point) => point.n, 0)).toEqual([0, 4, 0]);
  expect(seriesOf(axis, points, (point) => point.n, null)).toEqual([null, 4, null]);
});

it("stacked areas add up", () => {
  expect(
    stacked([
      [1, null, 3],
      [1, 1, 1],
    ]),
  ).toEqual([
    [1, 0, 3],
    [2, 1, 4],
  ]);
});

it("decimal strings are exact", () => {
  expect(scaled("0.1", 3)).toBe(100n);
  expect(scaled("-12.5", 2)).toBe(-1250n);
  expect(scaled("0.1234", 3)).toBeNull();
  expect(scaled("1e-3", 9)).toBeNull();
});

it("cost by bucket is shown only where it adds up to what was recorded", () => {
  const usage = { input: 10, output: 7, cache_read: 0, total: 17 };
  const prices = { input: "2.5", output: "10" };
  const costs = costByBucket(usage, prices, "0.000095");
  expect([...(costs ?? [])].map(([bucket, cost]) => [bucket, cost.toFixed(6)])).toEqual([
    ["input", "0.000025"],
    ["output", "0.000070"],
  ]);
  expect(costByBucket(usage, prices, "0.000096"), "another price applied").toBeNull();
  expect(costByBucket(usage, { input: "2.5" }, "0.000025"), "a bucket without a price").toBeNull();
  expect(costByBucket({ input: 1 }, { input: "0.0001" }, "0.000000001"), "rounded up once").not.toBeNull();
});
