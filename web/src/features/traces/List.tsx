/** The traces: filters, search, a table that keys move in, and the live tail. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { useSearchParams } from "react-router";
import { type Asked, useAsked } from "../../api/asked.ts";
import { FILTERS } from "../../api/generated/filters.ts";
import { count } from "../../lib/format.ts";
import { moveFocus, useKeys } from "../../lib/keys.ts";
import { withParam } from "../../lib/params.ts";
import type { Range } from "../../lib/range.ts";
import { Button } from "../../ui/Button.tsx";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { Pages } from "../../ui/Pages.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { RangePicker } from "../../ui/RangePicker.tsx";
import { SearchBox } from "../../ui/SearchBox.tsx";
import { Live } from "./Live.tsx";
import { tracesQuery } from "./queries.ts";
import { TraceTable } from "./Table.tsx";

const ANY: Range = { kind: "any" };
/** Words have a box of their own, and the tenant is chosen in the frame. */
const FIELDS = FILTERS.filter((field) => field.name !== "text" && field.name !== "tenant_id");

export function TraceList() {
  const asked = useAsked(ANY);
  const [params, setParams] = useSearchParams();
  const live = params.get("live") === "on";
  const search = useRef<HTMLInputElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const act = useCallback((key: string) => {
    if (key === "/") {
      search.current?.focus();
      return search.current !== null;
    }
    if (key !== "j" && key !== "k") return false;
    return moveFocus([...(rows.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])], key === "j" ? 1 : -1);
  }, []);
  useKeys(act);
  return (
    <div className="flex flex-col gap-3 p-4">
      <title>Traces · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">Traces</h1>
        <SearchBox ref={search} />
        <span className="flex-1" />
        <Button
          role="switch"
          aria-checked={live}
          onClick={() => setParams(withParam(params, "live", live ? null : "on"))}
        >
          <span className={`size-2 rounded-full ${live ? "animate-pulse bg-accent" : "bg-line-strong"}`} />
          Live
        </Button>
        {!live && <RangePicker range={asked.range} any="offered" />}
      </div>
      <FilterBar fields={FIELDS} wrong={asked.wrong} errors="offered" />
      <div ref={rows} className="rounded-md border border-line bg-surface">
        {live ? <Live filter={asked.filter} /> : <Stored asked={asked} />}
      </div>
      <p className="text-2xs text-faint">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens, <kbd>/</kbd> searches. Times are this browser's.
      </p>
    </div>
  );
}

function Stored({ asked }: { asked: Asked }) {
  const traces = useQuery(tracesQuery(asked));
  return (
    <QueryView query={traces} isEmpty={(page) => page.items.length === 0} empty={<Nothing />}>
      {(page) => (
        <>
          {(page.text_index?.behind_spans ?? 0) > 0 && (
            <p role="status" className="border-b border-line bg-warn-soft px-3 py-1.5 text-xs text-warn">
              {count(page.text_index?.behind_spans)} newer spans are not in the text index yet; the search does not see
              them.
            </p>
          )}
          <TraceTable traces={page.items} />
          <Pages next={page.next} after={asked.after} />
        </>
      )}
    </QueryView>
  );
}

function Nothing() {
  return (
    <>
      <p className="text-ink">No trace matches.</p>
      <p>Take a filter away, or choose a longer time.</p>
    </>
  );
}
