/** What the page of settings asks the API for, and changes. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, done, type Schemas, take, takeTagged } from "../../api/client.ts";

export type Retention = Schemas["Retention"];
export type Settings = Schemas["Settings"];
export type Credential = Schemas["Credential"];

export function settingsQuery(tenant: string) {
  return queryOptions({
    queryKey: ["settings", tenant],
    queryFn: () => takeTagged(api.GET("/api/v1/tenants/{tenant_id}/settings", { params: paramsOf(tenant) })),
    refetchOnWindowFocus: false,
  });
}

export function useSaveSettings(tenant: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ etag, body }: { etag: string; body: Schemas["SettingsBody"] }) => {
      const params = { ...paramsOf(tenant), header: { "If-Match": etag } };
      return takeTagged(api.PUT("/api/v1/tenants/{tenant_id}/settings", { params, body }));
    },
    onSuccess: (saved) => queries.setQueryData(settingsQuery(tenant).queryKey, saved),
  });
}

export function credentialsQuery(tenant: string) {
  return queryOptions({
    queryKey: ["credentials", tenant],
    queryFn: async () =>
      (await take(api.GET("/api/v1/tenants/{tenant_id}/credentials", { params: paramsOf(tenant) }))).items,
  });
}

/** One credential with the version that a change of it names. */
export function credentialQuery(tenant: string, upstream: string) {
  return queryOptions({
    queryKey: ["credential", tenant, upstream],
    queryFn: () => {
      const params = { path: { tenant_id: tenant, upstream } };
      return takeTagged(api.GET("/api/v1/tenants/{tenant_id}/credentials/{upstream}", { params }));
    },
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

/** Stores a credential: a first one for an upstream, or, with the `etag` of that, another in place of the one there is. */
export function useStoreCredential(tenant: string) {
  const refresh = useRefresh(tenant);
  return useMutation({
    mutationFn: ({ upstream, secret, etag }: { upstream: string; secret: string; etag: string | null }) => {
      const header = etag === null ? { "If-None-Match": "*" } : { "If-Match": etag };
      const params = { path: { tenant_id: tenant, upstream }, header };
      return take(api.PUT("/api/v1/tenants/{tenant_id}/credentials/{upstream}", { params, body: { secret } }));
    },
    onSuccess: refresh,
    // What was typed is in the variables: it is not kept.
    gcTime: 0,
  });
}

export function useDeleteCredential(tenant: string) {
  const refresh = useRefresh(tenant);
  return useMutation({
    mutationFn: ({ upstream, etag }: { upstream: string; etag: string }) => {
      const params = { path: { tenant_id: tenant, upstream }, header: { "If-Match": etag } };
      return done(api.DELETE("/api/v1/tenants/{tenant_id}/credentials/{upstream}", { params }));
    },
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
