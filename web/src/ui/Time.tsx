/** A moment: local time to read, UTC on hovering. */
import { time, UNKNOWN } from "../lib/format.ts";

export function Time({ at }: { at: string | null }) {
  if (at === null) return UNKNOWN;
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {time(at, new Date())}
    </time>
  );
}
