/** How a number changed against the period before; the colour says whether that is welcome, the sign what it is. */
import { signed } from "../lib/format.ts";

export type Wanted = "less" | "more" | "neither";

/** Less than this is noise. */
const SMALL = 0.005;

export function Change({ share, wanted }: { share: number | null; wanted: Wanted }) {
  if (share === null) return <span className="text-2xs text-faint">new</span>;
  const welcome = wanted === "more" ? share > 0 : share < 0;
  const tone = wanted === "neither" || Math.abs(share) < SMALL ? "text-muted" : welcome ? "text-good" : "text-bad";
  return (
    <span className={`text-2xs ${tone}`} title="against the period of the same length before">
      {signed(share)}
    </span>
  );
}
