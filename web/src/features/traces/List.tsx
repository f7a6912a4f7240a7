/** The traces: filters, and a table that keys move in. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { Link, useLocation, useSearchParams } from "react-router";
import { type Asked, useAsked } from "../../api/asked.ts";
import { FILTERS } from "../../api/generated/filters.ts";
import { moveFocus, useKeys } from "../../lib/keys.ts";
import { address, withParam } from "../../lib/params.ts";
import type { Range } from "../../lib/range.ts";
import { BUTTON } from "../../ui/Button.tsx";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { RangePicker } from "../../ui/RangePicker.tsx";
import { tracesQuery } from "./queries.ts";
import { TraceTable } from "./Table.tsx";

const ANY: Range = { kind: "any" };

export function TraceList() {
  const asked = useAsked(ANY);
  const rows = useRef<HTMLDivElement>(null);
  const act = useCallback((key: string) => {
    if (key !== "j" && key !== "k") return false;
    return moveFocus([...(rows.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])], key === "j" ? 1 : -1);
  }, []);
  useKeys(act);
  return (
    <div className="flex flex-col gap-3 p-4">
      <title>Traces · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">Traces</h1>
        <span className="flex-1" />
        <RangePicker range={asked.range} any="offered" />
      </div>
      <FilterBar fields={FILTERS} wrong={asked.wrong} />
      <div ref={rows} className="rounded-md border border-line bg-surface">
        <Stored asked={asked} />
      </div>
      <p className="text-2xs text-faint">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens. Times are this browser's.
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
          <TraceTable traces={page.items} />
          <Pages next={page.next} after={asked.after} />
        </>
      )}
    </QueryView>
  );
}

function Pages({ next, after }: { next: string | null; after: string | null }) {
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  if (next === null && after === null) return null;
  const more = withParam(params, "after", null);
  if (next) more.set("after", next);
  return (
    <nav aria-label="Pages of the list" className="flex justify-end gap-2 border-t border-line p-2">
      {after !== null && (
        <Link className={BUTTON} to={address(pathname, withParam(params, "after", null))}>
          Newest
        </Link>
      )}
      {next !== null && (
        <Link className={BUTTON} to={address(pathname, more)}>
          Next page
        </Link>
      )}
    </nav>
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
