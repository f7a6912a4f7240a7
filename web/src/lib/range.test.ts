import { expect, it } from "vitest";
import { afterDays, bounds, fromLocal, intervalOf, readRange, toLocal, writeRange } from "./range.ts";

const DAY = { kind: "last", word: "24h" } as const;
const NOW = new Date("2026-02-03T15:00:00Z");

it("an address without a range, or with one that is none, gets the page's own", () => {
  for (const query of ["", "range=2y", "from=yesterday", "range="])
    expect(readRange(new URLSearchParams(query), DAY)).toEqual(DAY);
});

it("what is written is read back", () => {
  const ranges = [
    { kind: "any" },
    { kind: "last", word: "7d" },
    { kind: "between", from: "2026-02-01T00:00:00.000Z", until: null },
    { kind: "between", from: null, until: "2026-02-01T00:00:00.000Z" },
  ] as const;
  for (const range of ranges) {
    const params = writeRange(new URLSearchParams("range=1h&from=x&after=cursor&model=m"), range);
    expect(readRange(params, DAY)).toEqual(range);
    expect(params.get("model")).toBe("m");
    expect(params.get("after")).toBeNull();
  }
});

it("a relative range ends now", () => {
  expect(bounds(DAY, NOW)).toEqual({ from: "2026-02-02T15:00:00.000Z" });
  expect(bounds({ kind: "any" }, NOW)).toEqual({});
});

it("those who look within fifteen seconds ask the same", () => {
  for (const later of [1, 14_999]) expect(bounds(DAY, new Date(NOW.getTime() + later))).toEqual(bounds(DAY, NOW));
  expect(bounds(DAY, new Date(NOW.getTime() + 15_000))).toEqual({ from: "2026-02-02T15:00:15.000Z" });
});

it("a chart has enough points, and not too many", () => {
  expect(intervalOf({ kind: "last", word: "1h" }, NOW)).toBe("1m");
  expect(intervalOf(DAY, NOW)).toBe("15m");
  expect(intervalOf({ kind: "last", word: "7d" }, NOW)).toBe("1h");
  expect(intervalOf({ kind: "last", word: "30d" }, NOW)).toBe("6h");
  expect(intervalOf({ kind: "between", from: "2020-01-01T00:00:00Z", until: null }, NOW)).toBe("1d");
});

it("local moments survive the form", () => {
  expect(fromLocal(toLocal("2026-02-03T15:04:00.000Z"))).toBe("2026-02-03T15:04:00.000Z");
  expect(fromLocal("")).toBeNull();
});

it("what expires in days does so at the same time of day", () => {
  expect(afterDays(30, new Date("2026-01-31T12:00:00.000Z"))).toBe("2026-03-02T12:00:00.000Z");
});
