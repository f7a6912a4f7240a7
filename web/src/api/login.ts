/** How one logs in and out. */
import { queryOptions } from "@tanstack/react-query";
import type { Me } from "./me.ts";
import { send } from "./send.ts";

/** Which ways of logging in there are. */
export interface LoginWays {
  auth_required: boolean;
  password: boolean;
  oidc: { name: string } | null;
}

export type Shown = { key: string } | { name: string; password: string };

export const waysQuery = queryOptions({
  queryKey: ["login"],
  queryFn: async () => (await send<LoginWays>("GET", "/api/v1/login")).data,
  staleTime: 60_000,
});

export async function logIn(shown: Shown): Promise<Me> {
  return (await send<Me>("POST", "/api/v1/login", { body: shown })).data;
}

export async function logOut(): Promise<void> {
  await send<undefined>("POST", "/api/v1/logout", { body: {} });
}
