/** The tenants that somebody reaches. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schemas, take } from "./client.ts";

export type Tenant = Schemas["Tenant"];

export const tenantsQuery = queryOptions({
  queryKey: ["tenants"],
  queryFn: async () => (await take(api.GET("/api/v1/tenants"))).items,
  staleTime: 60_000,
});
