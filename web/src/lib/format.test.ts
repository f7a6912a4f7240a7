import { describe, expect, it } from "vitest";
import { bytes, change, count, duration, id, label, money, percent, short, signed, time, UNKNOWN } from "./format.ts";

describe("money", () => {
  it.each([
    ["0", "$0"],
    ["0.00025", "$0.00025"],
    ["0.000000001", "$0.000000001"],
    ["0.123456", "$0.123"],
    ["1", "$1.00"],
    ["1234.567", "$1,234.57"],
    ["-2.5", "−$2.50"],
  ])("%s reads %s", (usd, text) => expect(money(usd)).toBe(text));

  it("is unknown, never zero, where there is none", () => {
    expect(money(null)).toBe(UNKNOWN);
    expect(money("nonsense")).toBe(UNKNOWN);
  });
});

describe("duration", () => {
  it.each([
    [0.042, "0.042 ms"],
    [9.123, "9.12 ms"],
    [999, "999 ms"],
    [999.9, "1.00 s"],
    [1420, "1.42 s"],
    [12_345, "12.3 s"],
    [59_999, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_725_000, "1 h 2 min"],
  ])("%d ms reads %s", (ms, text) => expect(duration(ms)).toBe(text));
});

it("numbers, shares and sizes carry what they are", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect(short(12_345)).toBe("12.3K");
  expect(percent(0)).toBe("0 %");
  expect(percent(0.0004)).toBe("<0.1 %");
  expect(percent(0.0423)).toBe("4.2 %");
  expect(percent(1)).toBe("100 %");
  expect(bytes(999)).toBe("999 B");
  expect(bytes(1_500)).toBe("1.5 kB");
  expect(bytes(20_000_000)).toBe("20 MB");
  for (const format of [count, short, percent, bytes, duration]) expect(format(null)).toBe(UNKNOWN);
});

it("a change has a sign, and none against nothing", () => {
  expect(signed(change(110, 100) ?? 0)).toBe("+10 %");
  expect(signed(change(50, 100) ?? 0)).toBe("−50 %");
  expect(signed(18.05)).toBe("×19.1");
  expect(signed(0.0001)).toBe("±0 %");
  expect(change(5, 0)).toBeNull();
});

it("today's times have no date", () => {
  const now = new Date("2026-02-03T15:00:00");
  expect(time(new Date("2026-02-03T14:03:02").toISOString(), now)).toBe("14:03:02");
  expect(time(new Date("2026-02-01T14:03:02").toISOString(), now)).toBe("Feb 01 14:03:02");
  expect(time(new Date("2025-02-01T14:03:02").toISOString(), now)).toBe("Feb 01, 2025 14:03:02");
});

it("ids are cut and parameters get names", () => {
  expect(id("0123456789abcdef")).toBe("89abcdef");
  expect(label("min_cost_usd")).toBe("cost (USD) ≥");
  expect(label("max_time_to_first_token_ms")).toBe("time to first token (ms) ≤");
  expect(label("http_status")).toBe("HTTP status");
  expect(label("session_id")).toBe("session");
});
