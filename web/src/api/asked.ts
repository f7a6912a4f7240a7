/** What the address of a page asks the API for: its filters and its time. */
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { Reader, type Wrong } from "../lib/params.ts";
import { type Range, readRange } from "../lib/range.ts";
import { type Filter, readFilter } from "./generated/filters.ts";

export interface Asked {
  filter: Filter;
  range: Range;
  /** The page within the list. */
  after: string | null;
  /** Values in the address that are none; they are not applied, and the page says so. */
  wrong: Wrong[];
}

/** Reads the address; `otherwise` is the time of a page whose address names none. It must be the same at each call. */
export function useAsked(otherwise: Range): Asked {
  const [params] = useSearchParams();
  return useMemo(() => {
    const reader = new Reader(params);
    const filter = readFilter(reader);
    return { filter, range: readRange(params, otherwise), after: params.get("after"), wrong: reader.wrong };
  }, [params, otherwise]);
}
