/** What the page of people asks the API for, and changes. (Users of the API are the end users whom clients name.) */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { asked } from "../../api/me.ts";
import { type Account, PEOPLE } from "../../api/names.ts";
import { send } from "../../api/send.ts";
import type { Role } from "../../lib/roles.ts";

export interface NewAccount {
  name: string;
  display: string;
  password?: string;
  role: Role;
}

export interface AccountChange {
  display: string;
  disabled: boolean;
  password?: string;
  /** Theirs in the tenant that is named, without one that for the whole installation; null takes it away. */
  role: Role | null;
}

const ACCOUNTS = "/api/v1/accounts";

/** One person with the version that a change of them names. */
export function personQuery({ user_id }: Account, tenant: string | null) {
  return queryOptions({
    queryKey: ["person", user_id, tenant],
    queryFn: () => send<Account>("GET", `${ACCOUNTS}/${user_id}`, { query: asked(tenant) }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export function useAddPerson() {
  return useWrite(({ tenant, body }: { tenant: string | null; body: NewAccount }) =>
    send<Account>("POST", ACCOUNTS, { query: asked(tenant), body }),
  );
}

export interface Change {
  id: string;
  tenant: string | null;
  etag: string;
  body: AccountChange;
}

export function useChangePerson() {
  return useWrite(({ id, tenant, etag, body }: Change) =>
    send<Account>("PUT", `${ACCOUNTS}/${id}`, { query: asked(tenant), body, headers: { "if-match": etag } }),
  );
}

interface Whom {
  id: string;
  tenant: string | null;
}

export function useLogOutPerson() {
  return useWrite(({ id, tenant }: Whom) =>
    send<undefined>("POST", `${ACCOUNTS}/${id}/logout`, { query: asked(tenant) }),
  );
}

export function useRemovePerson() {
  return useWrite(({ id, tenant }: Whom) => send<undefined>("DELETE", `${ACCOUNTS}/${id}`, { query: asked(tenant) }));
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
