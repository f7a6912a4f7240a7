/** The time a page shows: the last hours or days, or from one moment to another. It lives in the address. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const LAST = { "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY };
export type Last = keyof typeof LAST;
const LAST_WORDS: Last[] = ["1h", "24h", "7d", "30d"];

export type Range =
  | { kind: "any" }
  | { kind: "last"; word: Last }
  | { kind: "between"; from: string | null; until: string | null };

export interface Bounds {
  from?: string;
  until?: string;
}

const INTERVALS = [
  ["1m", MINUTE],
  ["5m", 5 * MINUTE],
  ["15m", 15 * MINUTE],
  ["1h", HOUR],
  ["6h", 6 * HOUR],
  ["1d", DAY],
] as const;
export type Interval = (typeof INTERVALS)[number][0];

/** How many points a chart shows at most. */
const POINTS = 180;

export function isLast(word: string | null): word is Last {
  return LAST_WORDS.some((one) => one === word);
}

/** Reads `range`, or `from` and `until`; what is none of these is `otherwise`. */
export function readRange(params: URLSearchParams, otherwise: Range): Range {
  const [from, until] = [moment(params.get("from")), moment(params.get("until"))];
  if (from !== null || until !== null) return { kind: "between", from, until };
  const word = params.get("range");
  if (word === "any") return { kind: "any" };
  return isLast(word) ? { kind: "last", word } : otherwise;
}

/** The address with this range in it. */
export function writeRange(params: URLSearchParams, range: Range): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of ["range", "from", "until", "after"]) next.delete(name);
  if (range.kind === "any") next.set("range", "any");
  if (range.kind === "last") next.set("range", range.word);
  if (range.kind === "between") {
    if (range.from) next.set("from", range.from);
    if (range.until) next.set("until", range.until);
  }
  return next;
}

/** A time that ends now begins at a step of this length, so that everybody who looks at it asks the same. */
const STEP = 15_000;

/** What the API is asked for, `now` being the moment of asking. */
export function bounds(range: Range, now: Date): Bounds {
  switch (range.kind) {
    case "any":
      return {};
    case "last":
      return { from: new Date(Math.floor(now.getTime() / STEP) * STEP - LAST[range.word]).toISOString() };
    case "between":
      return { ...(range.from ? { from: range.from } : {}), ...(range.until ? { until: range.until } : {}) };
  }
}

/** The finest interval with which a chart of this range has few enough points. */
export function intervalOf(range: Range, now: Date): Interval {
  const { from, until } = bounds(range, now);
  const start = from ? Date.parse(from) : now.getTime() - DAY;
  const span = (until ? Date.parse(until) : now.getTime()) - start;
  return INTERVALS.find(([, length]) => span / length <= POINTS)?.[0] ?? "1d";
}

export function lengthOf(interval: Interval): number {
  return INTERVALS.find(([word]) => word === interval)?.[1] ?? DAY;
}

export function isInterval(word: string | null): word is Interval {
  return INTERVALS.some(([one]) => one === word);
}

/** A moment of `<input type="datetime-local">` (local time) as the API takes it, and back. */
export function fromLocal(text: string): string | null {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

export function toLocal(text: string | null): string {
  if (text === null) return "";
  const time = new Date(text);
  return new Date(time.getTime() - time.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

function moment(text: string | null): string | null {
  return text !== null && !Number.isNaN(Date.parse(text)) ? text : null;
}

/** Lengths of time that are offered for what expires. */
export const DAYS = [7, 30, 90, 365];

export function afterDays(days: number, now: Date): string {
  return new Date(now.getTime() + days * DAY).toISOString();
}
