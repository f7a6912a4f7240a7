/** What the page of the audit log asks the API for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked } from "../../api/me.ts";
import { send } from "../../api/send.ts";
import { bounds, type Range } from "../../lib/range.ts";

/** One thing that somebody did, or tried to do. */
export interface Entry {
  id: string;
  seq: number;
  tenant_id: string | null;
  at: string;
  actor: { kind: "key" | "user" | "cli" | "system" | "anonymous"; id: string | null };
  client_address: string | null;
  action: string;
  target: string;
  before?: unknown;
  after?: unknown;
  outcome: "done" | "refused" | "failed";
  previous: string;
  hash: string;
}

interface Page {
  items: Entry[];
  next: string | null;
}

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
    queryFn: async () => {
      const narrowed = { actor: actor ?? undefined, action: action ?? undefined, after: after ?? undefined };
      const query = { ...asked(tenant), ...narrowed, ...bounds(range, new Date()) };
      return (await send<Page>("GET", "/api/v1/audit", { query })).data;
    },
    placeholderData: keepPreviousData,
  });
}
