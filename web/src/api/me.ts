/** Who looks at the pages, and which tenant they look at. */
import { queryOptions } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { useSearchParams } from "react-router";
import { isAtLeast, onlyTenant, type Role, roleIn } from "../lib/roles.ts";
import { api, type Schemas, take } from "./client.ts";

export type Me = Schemas["Me"];

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => take(api.GET("/api/v1/me")),
  staleTime: 60_000,
  gcTime: Number.POSITIVE_INFINITY,
});

/** Given by the frame, which shows no page before it knows. */
export const Who = createContext<Me | null>(null);

export function useMe(): Me {
  const me = useContext(Who);
  if (me === null) throw new Error("a page stands outside the frame that knows who looks at it");
  return me;
}

/** The tenant that is chosen in the address. Every question names it; without one it is about all that somebody reaches. */
export function useTenant(): string | null {
  const [params] = useSearchParams();
  return params.get("tenant_id") || null;
}

/** What a question about the chosen tenant has in its query. */
export function asked(tenant: string | null): { tenant_id?: string } {
  return tenant === null ? {} : { tenant_id: tenant };
}

/** The tenant that is looked at, whether it was chosen or is the only one; null where it is all of them. */
export function useOneTenant(): string | null {
  const [me, tenant] = [useMe(), useTenant()];
  return tenant ?? onlyTenant(me);
}

export function useRole(): Role | null {
  return roleIn(useMe(), useTenant());
}

/** Whether somebody may do what takes a role, in the tenant that is looked at. */
export function useMay(least: Role): boolean {
  return isAtLeast(useRole(), least);
}
