/** How one logs in and out. */
import { queryOptions } from "@tanstack/react-query";
import { api, done, type Schemas, take } from "./client.ts";

export type LoginWays = Schemas["LoginWays"];
export type Shown = { key: string } | { name: string; password: string };

export const waysQuery = queryOptions({
  queryKey: ["login"],
  queryFn: () => take(api.GET("/api/v1/login")),
  staleTime: 60_000,
});

export function logIn(shown: Shown): Promise<Schemas["Me"]> {
  return take(api.POST("/api/v1/login", { body: shown }));
}

export function logOut(): Promise<void> {
  return done(api.POST("/api/v1/logout"));
}
