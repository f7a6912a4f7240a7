/** What the page of keys asks the API for. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, type Tagged, take, takeTagged } from "../../api/client.ts";
import { asked } from "../../api/me.ts";
import { KEYS, type Key } from "../../api/names.ts";

export type NewKey = Schemas["NewKey"];
export type KeyState = Schemas["KeyState"];

/** One key with the version that a change of it names. */
export function keyQuery(key: Key) {
  return queryOptions({
    queryKey: ["key", key.key_id],
    queryFn: (): Promise<Tagged<Key>> => takeTagged(api.GET("/api/v1/keys/{key_id}", { params: paramsOf(key) })),
    // Whoever opens the form is to change what is there now.
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export interface Wanted {
  tenant: string | null;
  body: Schemas["NewKeyBody"];
}

export function useMakeKey() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ tenant, body }: Wanted): Promise<NewKey> =>
      take(api.POST("/api/v1/keys", { params: { query: asked(tenant) }, body })),
    onSuccess: refresh,
    // The key itself is in the answer: it goes with the page that shows it.
    gcTime: 0,
  });
}

export function useChangeKey() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ key, etag, body }: { key: Key; etag: string; body: Schemas["KeyBody"] }) => {
      const { path, query } = paramsOf(key);
      const params = { path, query, header: { "If-Match": etag } };
      return take(api.PUT("/api/v1/keys/{key_id}", { params, body }));
    },
    onSuccess: refresh,
  });
}

export function useRevokeKey() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (key: Key) => take(api.DELETE("/api/v1/keys/{key_id}", { params: paramsOf(key) })),
    onSuccess: refresh,
  });
}

function paramsOf(key: Key) {
  return { path: { key_id: key.key_id }, query: asked(key.tenant_id) };
}

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: [KEYS] });
}
