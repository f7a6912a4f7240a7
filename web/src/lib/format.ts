/** How values read: money, tokens, times, shares. The one place that formats; what is not known is an en dash. */

export const UNKNOWN = "–";
const LOCALE = "en-US";

const whole = new Intl.NumberFormat(LOCALE);
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumSignificantDigits: 3 });
const cents = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const small = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });

/** Dollars out of the API's decimal string; small amounts keep three digits that say something. */
export function money(usd: string | number | null | undefined): string {
  if (usd === null || usd === undefined) return UNKNOWN;
  const amount = Number(usd);
  if (!Number.isFinite(amount)) return UNKNOWN;
  if (amount === 0) return "$0";
  const size = Math.abs(amount);
  const digits = size >= 1 ? cents.format(size) : small.format(size);
  return `${amount < 0 ? "−" : ""}$${digits}`;
}

/** A number of things, all digits. */
export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? UNKNOWN : whole.format(n);
}

/** A number of things in little room: 12.3K. */
export function short(n: number | null | undefined): string {
  return n === null || n === undefined ? UNKNOWN : compact.format(n);
}

/** Milliseconds, in the unit in which they read best. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN;
  if (ms < 1) return `${small.format(ms)} ms`;
  if (ms < 999.5) return `${ms < 10 ? small.format(ms) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** A share from 0 to 1. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return UNKNOWN;
  const hundredths = share * 100;
  if (hundredths === 0) return "0 %";
  return `${hundredths < 0.1 ? "<0.1" : hundredths < 10 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return UNKNOWN;
  if (n < 1000) return `${n} B`;
  const [size, unit] = n < 1e6 ? [n / 1e3, "kB"] : n < 1e9 ? [n / 1e6, "MB"] : [n / 1e9, "GB"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** Local time of day, with the day where it is not today's. */
export function time(rfc3339: string | null | undefined, now: Date): string {
  if (!rfc3339) return UNKNOWN;
  const at = new Date(rfc3339);
  const clock = at.toLocaleTimeString("en-GB");
  if (at.toDateString() === now.toDateString()) return clock;
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return `${at.toLocaleDateString(LOCALE, { month: "short", day: "2-digit", year })} ${clock}`;
}

/** Local date and time to the millisecond. */
export function moment(rfc3339: string): string {
  const at = new Date(rfc3339);
  const date = at.toLocaleDateString(LOCALE, { month: "short", day: "2-digit", year: "numeric" });
  return `${date} ${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** What is shown of a long id. */
export function id(text: string): string {
  return text.length <= 12 ? text : text.slice(-8);
}

/** How much more than before: a share of the value before, null where nothing was before. */
export function change(now: number, before: number): number | null {
  return before === 0 ? null : (now - before) / before;
}

export function signed(share: number): string {
  // Above that a factor says more.
  if (share >= 9.995) return `×${short(share + 1)}`;
  const size = Math.abs(share) * 100;
  const digits = size < 10 ? size.toFixed(1) : whole.format(Math.round(size));
  if (Number(digits) === 0) return "±0 %";
  return `${share < 0 ? "−" : "+"}${digits} %`;
}

/** `min_cost_usd` as a person reads it: `cost ≥`, in dollars. */
export function label(parameter: string): string {
  const bound = parameter.startsWith("min_") ? " ≥" : parameter.startsWith("max_") ? " ≤" : "";
  const unit = parameter.endsWith("_usd") ? " (USD)" : parameter.endsWith("_ms") ? " (ms)" : "";
  const name = parameter.replace(/^(min|max)_/, "").replace(/_(usd|ms|id)$/, "");
  return `${name.replaceAll("_", " ").replace("http", "HTTP")}${unit}${bound}`;
}
