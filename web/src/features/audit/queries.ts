/** What the page of the audit log asks the API for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, type QueryOf, type Schemas, take } from "../../api/client.ts";
import { asked } from "../../api/me.ts";
import { bounds, type Range } from "../../lib/range.ts";

/** One thing that somebody did, or tried to do. */
export type Entry = Schemas["AuditRecord"];

export interface Wanted {
  tenant: string | null;
  actor: string | null;
  action: string | null;
  range: Range;
  after: string | null;
}

export function auditQuery({ tenant, actor, action, range, after }: Wanted) {
  return queryOptions({
    queryKey: ["audit", tenant, actor, action, range, after],
    queryFn: () => {
      const narrowed = { ...(actor ? { actor } : {}), ...(action ? { action } : {}), ...(after ? { after } : {}) };
      const query: QueryOf<"list_audit"> = { ...asked(tenant), ...narrowed, ...bounds(range, new Date()) };
      return take(api.GET("/api/v1/audit", { params: { query } }));
    },
    placeholderData: keepPreviousData,
  });
}
