/** The four states of whatever is asked for: loading, empty, error with a way to try again, data. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "./Button.tsx";

interface Props<T> {
  query: UseQueryResult<T>;
  /** What to say where there is nothing. */
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}

export function QueryView<T>({ query, empty, isEmpty, children }: Props<T>) {
  if (query.data === undefined) {
    if (query.isError) return <Failed error={query.error} retry={() => query.refetch()} />;
    return <Loading />;
  }
  if (isEmpty?.(query.data)) return <div className="px-4 py-10 text-center text-muted">{empty}</div>;
  return (
    <>
      {query.isError && <Failed error={query.error} retry={() => query.refetch()} />}
      {children(query.data)}
    </>
  );
}

export function Loading() {
  return (
    <div role="status" className="flex flex-col gap-2 p-4">
      <span className="sr-only">Loading</span>
      {["w-2/3", "w-1/2", "w-3/5"].map((width) => (
        <div key={width} className={`h-3 animate-pulse rounded bg-raised ${width}`} />
      ))}
    </div>
  );
}

export function Failed({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div role="alert" className="m-3 flex items-center gap-3 rounded border border-bad/40 bg-bad-soft px-3 py-2">
      <p className="stranger min-w-0 flex-1 text-bad">{error.message}</p>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}
