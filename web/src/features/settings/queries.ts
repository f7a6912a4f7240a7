/** What the page of settings asks the API for, and changes. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, done, type Schemas, take } from "../../api/client.ts";
import { send } from "../../api/send.ts";

export type Retention = Schemas["Retention"];

/** What a tenant sets for itself; null is what the installation has. */
interface Own {
  capture_content: "full" | "metadata" | null;
  capture_raw: "off" | "errors" | "all" | null;
}

export interface Settings extends Own {
  /** What applies: of both the lesser. */
  effective: { capture_content: "full" | "metadata"; capture_raw: "off" | "errors" | "all" };
}

/** A stored credential of a provider: never the credential itself. */
export interface Credential {
  upstream: string;
  /** How it ends. */
  hint: string | null;
  state: "usable" | "unused" | "unreadable";
  created_at: string;
  updated_at: string;
}

const pathOf = (tenant: string) => `/api/v1/tenants/${encodeURIComponent(tenant)}`;

export function settingsQuery(tenant: string) {
  return queryOptions({
    queryKey: ["settings", tenant],
    queryFn: () => send<Settings>("GET", `${pathOf(tenant)}/settings`),
    refetchOnWindowFocus: false,
  });
}

export function useSaveSettings(tenant: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ etag, body }: { etag: string; body: Own }) =>
      send<Settings>("PUT", `${pathOf(tenant)}/settings`, { body, headers: { "if-match": etag } }),
    onSuccess: (saved) => queries.setQueryData(settingsQuery(tenant).queryKey, saved),
  });
}

export function credentialsQuery(tenant: string) {
  return queryOptions({
    queryKey: ["credentials", tenant],
    queryFn: async () => (await send<{ items: Credential[] }>("GET", `${pathOf(tenant)}/credentials`)).data.items,
  });
}

/** One credential with the version that a change of it names. */
export function credentialQuery(tenant: string, upstream: string) {
  return queryOptions({
    queryKey: ["credential", tenant, upstream],
    queryFn: () => send<Credential>("GET", `${pathOf(tenant)}/credentials/${encodeURIComponent(upstream)}`),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

/** Stores a credential: a first one for an upstream, or, with the `etag` of that, another in place of the one there is. */
export function useStoreCredential(tenant: string) {
  const refresh = useRefresh(tenant);
  return useMutation({
    mutationFn: ({ upstream, secret, etag }: { upstream: string; secret: string; etag: string | null }) =>
      send<Credential>("PUT", `${pathOf(tenant)}/credentials/${encodeURIComponent(upstream)}`, {
        body: { secret },
        headers: etag === null ? { "if-none-match": "*" } : { "if-match": etag },
      }),
    onSuccess: refresh,
    // What was typed is in the variables: it is not kept.
    gcTime: 0,
  });
}

export function useDeleteCredential(tenant: string) {
  const refresh = useRefresh(tenant);
  return useMutation({
    mutationFn: ({ upstream, etag }: { upstream: string; etag: string }) =>
      send<undefined>("DELETE", `${pathOf(tenant)}/credentials/${encodeURIComponent(upstream)}`, {
        headers: { "if-match": etag },
      }),
    onSuccess: refresh,
  });
}

export function retentionQuery(tenant: string) {
  return queryOptions({
    queryKey: ["retention", tenant],
    queryFn: () => take(api.GET("/api/v1/tenants/{tenant_id}/retention", { params: paramsOf(tenant) })),
    refetchOnWindowFocus: false,
  });
}

/** Gives a tenant a rule of its own; null takes it away. */
export function useSaveRetention(tenant: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: Schemas["RetentionBody"] | null) => {
      const params = paramsOf(tenant);
      if (body === null) await done(api.DELETE("/api/v1/tenants/{tenant_id}/retention", { params }));
      else await take(api.PUT("/api/v1/tenants/{tenant_id}/retention", { params, body }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: retentionQuery(tenant).queryKey }),
  });
}

function paramsOf(tenant: string) {
  return { path: { tenant_id: tenant } };
}

function useRefresh(tenant: string) {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: credentialsQuery(tenant).queryKey });
}
