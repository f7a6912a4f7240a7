/** Whether anything was recorded yet. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../../api/client.ts";
import { asked } from "../../api/me.ts";

/** How often an empty store is asked again. */
const EVERY_MS = 1_500;

export function anySpanQuery(tenant: string | null) {
  return queryOptions({
    queryKey: ["spans", "any", tenant],
    queryFn: async () => {
      const { items } = await take(api.GET("/api/v1/spans", { params: { query: { limit: 1, ...asked(tenant) } } }));
      return items.length > 0;
    },
    // Once there is one, there is one: only an empty store is asked again.
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data ? false : EVERY_MS),
  });
}
