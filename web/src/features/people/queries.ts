/** What the page of people changes. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, done, type Schemas, take, takeTagged } from "../../api/client.ts";
import { asked } from "../../api/me.ts";
import { type Account, PEOPLE } from "../../api/names.ts";

/** Somebody, and the tenant in which they are looked at. */
interface Whom {
  id: string;
  tenant: string | null;
}

/** One person with the version that a change of them names. */
export function personQuery({ user_id }: Account, tenant: string | null) {
  return queryOptions({
    queryKey: ["person", user_id, tenant],
    queryFn: () => takeTagged(api.GET("/api/v1/accounts/{user_id}", { params: paramsOf({ id: user_id, tenant }) })),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export function useAddPerson() {
  return useWrite(({ tenant, body }: { tenant: string | null; body: Schemas["NewAccountBody"] }) =>
    take(api.POST("/api/v1/accounts", { params: { query: asked(tenant) }, body })),
  );
}

export function useChangePerson() {
  return useWrite(({ etag, body, ...whom }: Whom & { etag: string; body: Schemas["AccountBody"] }) => {
    const params = { ...paramsOf(whom), header: { "If-Match": etag } };
    return take(api.PUT("/api/v1/accounts/{user_id}", { params, body }));
  });
}

export function useLogOutPerson() {
  return useWrite((whom: Whom) => done(api.POST("/api/v1/accounts/{user_id}/logout", { params: paramsOf(whom) })));
}

export function useRemovePerson() {
  return useWrite((whom: Whom) => done(api.DELETE("/api/v1/accounts/{user_id}", { params: paramsOf(whom) })));
}

function paramsOf({ id, tenant }: Whom) {
  return { path: { user_id: id }, query: asked(tenant) };
}

/** A write after which the list is another. Passwords are among what it is told: nothing of that is kept. */
function useWrite<V, T>(mutationFn: (what: V) => Promise<T>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () => queries.invalidateQueries({ queryKey: [PEOPLE] }),
    gcTime: 0,
  });
}
