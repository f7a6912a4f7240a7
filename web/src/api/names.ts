/** What keys and people are called, for where only their ids are known. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, type Schemas, take } from "./client.ts";
import { asked } from "./me.ts";

export const KEYS = "keys";
export const PEOPLE = "people";

export type Key = Schemas["Key"];

/** Somebody who logs in. (Users of the API are the end users whom clients name.) */
export type Account = Schemas["Account"];

export function keysQuery(tenant: string | null) {
  return queryOptions({
    queryKey: [KEYS, tenant],
    queryFn: async () => (await take(api.GET("/api/v1/keys", { params: { query: asked(tenant) } }))).items,
  });
}

export function peopleQuery(tenant: string | null) {
  return queryOptions({
    queryKey: [PEOPLE, tenant],
    queryFn: async () => (await take(api.GET("/api/v1/accounts", { params: { query: asked(tenant) } }))).items,
  });
}

/** Names by id; those that are not known, or not any more, are not in it. */
export function useNames(tenant: string | null): Map<string, string> {
  const [keys, people] = [useQuery(keysQuery(tenant)), useQuery(peopleQuery(tenant))];
  return new Map([
    ...(keys.data ?? []).map((key): [string, string] => [key.key_id, key.name]),
    ...(people.data ?? []).map((who): [string, string] => [who.user_id, who.name]),
  ]);
}
