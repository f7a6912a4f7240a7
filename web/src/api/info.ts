/** What is installed, and where clients send. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client.ts";

export const infoQuery = queryOptions({
  queryKey: ["info"],
  queryFn: () => take(api.GET("/api/v1/info")),
  staleTime: 60_000,
});
