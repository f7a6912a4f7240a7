/** Whether anything was recorded yet, and where clients send. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../../api/client.ts";

/** How often an empty store is asked again. */
const EVERY_MS = 1_500;

export const anySpanQuery = queryOptions({
  queryKey: ["spans", "any"],
  queryFn: async () => {
    const { items } = await take(api.GET("/api/v1/spans", { params: { query: { limit: 1 } } }));
    return items.length > 0;
  },
  // Once there is one, there is one: only an empty store is asked again.
  staleTime: Number.POSITIVE_INFINITY,
  refetchInterval: ({ state }) => (state.data ? false : EVERY_MS),
});

export const infoQuery = queryOptions({
  queryKey: ["info"],
  queryFn: () => take(api.GET("/api/v1/info")),
  staleTime: 60_000,
});
