/** What the page of tenants changes. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, take } from "../../api/client.ts";
import { tenantsQuery } from "../../api/tenants.ts";

export type Receipt = Schemas["Erasure"];

export function useMakeTenant() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (tenant_id: string) =>
      take(api.PUT("/api/v1/tenants/{tenant_id}", { params: { path: { tenant_id } } })),
    onSuccess: refresh,
  });
}

export function useDeleteTenant() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (tenant_id: string): Promise<Receipt> =>
      take(api.DELETE("/api/v1/tenants/{tenant_id}", { params: { path: { tenant_id } } })),
    onSuccess: refresh,
  });
}

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: tenantsQuery.queryKey });
}
