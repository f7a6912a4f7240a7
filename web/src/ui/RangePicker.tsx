/** Which time a page shows. */
import { useState } from "react";
import { useSearchParams } from "react-router";
import { time, UNKNOWN } from "../lib/format.ts";
import { fromLocal, isLast, LAST, type Range, toLocal, writeRange } from "../lib/range.ts";
import { Button } from "./Button.tsx";
import { Input } from "./Input.tsx";
import { Popup } from "./Popup.tsx";

interface Props {
  range: Range;
  /** Whether a page can do without any bound. */
  any?: "offered";
}

const SEGMENT =
  "h-7 px-2.5 text-xs text-muted hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent first:rounded-l last:rounded-r";

export function RangePicker({ range, any }: Props) {
  const [params, setParams] = useSearchParams();
  const words = Object.keys(LAST).filter(isLast);
  const choose = (next: Range) => setParams(writeRange(params, next));
  return (
    <div className="flex items-center gap-2">
      <fieldset
        aria-label="Time range"
        className="flex divide-x divide-line rounded border border-line-strong bg-surface"
      >
        {any && (
          <button
            type="button"
            className={SEGMENT}
            aria-pressed={range.kind === "any"}
            onClick={() => choose({ kind: "any" })}
          >
            All
          </button>
        )}
        {words.map((word) => (
          <button
            key={word}
            type="button"
            className={SEGMENT}
            aria-pressed={range.kind === "last" && range.word === word}
            onClick={() => choose({ kind: "last", word })}
          >
            {word}
          </button>
        ))}
      </fieldset>
      <Custom range={range} choose={choose} />
    </div>
  );
}

function Custom({ range, choose }: { range: Range; choose: (range: Range) => void }) {
  const [open, setOpen] = useState(false);
  const is = range.kind === "between";
  const now = new Date();
  const shown = is ? `${time(range.from, now)} → ${range.until ? time(range.until, now) : "now"}` : "Custom…";
  const apply = (form: FormData) => {
    const [from, until] = ["from", "until"].map((name) => fromLocal(String(form.get(name) ?? "")));
    if (from || until) choose({ kind: "between", from: from ?? null, until: until ?? null });
    setOpen(false);
  };
  return (
    <Popup
      button={<span className={is ? "text-accent" : ""}>{shown || UNKNOWN}</span>}
      open={open}
      onOpen={setOpen}
      side="right"
    >
      <form action={apply} className="flex flex-col gap-2 text-xs">
        <label>
          From
          <Input type="datetime-local" name="from" defaultValue={is ? toLocal(range.from) : ""} />
        </label>
        <label>
          Until (empty: now)
          <Input type="datetime-local" name="until" defaultValue={is ? toLocal(range.until) : ""} />
        </label>
        <Button type="submit">Apply</Button>
      </form>
    </Popup>
  );
}
