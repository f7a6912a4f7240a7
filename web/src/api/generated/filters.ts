// Generated from docs/reference/openapi.json by `npm run generate`; not edited by hand.

import type { FilterField, Reader } from "../../lib/params.ts";
import type { operations } from "./schema.ts";

/** What narrows a list; the same for every resource. */
export type Filter = Omit<NonNullable<operations["list_traces"]["parameters"]["query"]>, "limit" | "after">;

/** Every filter but the time. */
export const FILTERS: (FilterField & { name: keyof Filter })[] = [
  { name: "trace_id", kind: "text", values: [], help: "Belongs to this trace. Expected: 32 hex digits, not all zero." },
  { name: "session_id", kind: "text", values: [], help: "Belongs to this session. Expected: 1 to 1024 bytes of text." },
  { name: "agent_id", kind: "text", values: [], help: "Sent by this agent. Expected: 1 to 1024 bytes of text." },
  { name: "user_id", kind: "text", values: [], help: "Sent for this user. Expected: 1 to 1024 bytes of text." },
  { name: "provider", kind: "text", values: [], help: "Went to this provider. Expected: 1 to 1024 bytes of text." },
  { name: "model", kind: "text", values: [], help: "Asked for or answered by this model. Expected: 1 to 1024 bytes of text." },
  { name: "status", kind: "choice", values: ["ok","error"], help: "Went well or not. Expected: one of ok, error." },
  { name: "end_reason", kind: "choice", values: ["complete","client_gone","upstream_failed","timed_out","cut","refused","blocked","interrupted"], help: "Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted." },
  { name: "tenant_id", kind: "text", values: [], help: "Belongs to this tenant. Expected: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit." },
];

/** Reads every filter but the time. */
export function readFilter(reader: Reader): Filter {
  const filter: Filter = {};
  reader.text("trace_id", (value) => {
    filter.trace_id = value;
  });
  reader.text("session_id", (value) => {
    filter.session_id = value;
  });
  reader.text("agent_id", (value) => {
    filter.agent_id = value;
  });
  reader.text("user_id", (value) => {
    filter.user_id = value;
  });
  reader.text("provider", (value) => {
    filter.provider = value;
  });
  reader.text("model", (value) => {
    filter.model = value;
  });
  reader.choice("status", ["ok","error"], (value) => {
    filter.status = value;
  });
  reader.choice("end_reason", ["complete","client_gone","upstream_failed","timed_out","cut","refused","blocked","interrupted"], (value) => {
    filter.end_reason = value;
  });
  reader.text("tenant_id", (value) => {
    filter.tenant_id = value;
  });
  return filter;
}
