// Generated from docs/reference/openapi.json by `npm run generate`; not edited by hand.

import type { FilterField, Reader } from "../../lib/params.ts";
import type { operations } from "./schema.ts";

/** What narrows a list; the same for every resource. */
export type Filter = Omit<NonNullable<operations["list_traces"]["parameters"]["query"]>, "limit" | "after">;

/** Every filter but the time. */
export const FILTERS: (FilterField & { name: keyof Filter })[] = [
  { name: "trace_id", kind: "text", values: [], help: "Belongs to this trace. Expected: 32 hex digits, not all zero." },
  { name: "session_id", kind: "text", values: [], help: "Belongs to this session. Expected: 1 to 1024 characters of text." },
  { name: "agent_id", kind: "text", values: [], help: "Sent by this agent. Expected: 1 to 1024 characters of text." },
  { name: "user_id", kind: "text", values: [], help: "Sent for this user. Expected: 1 to 1024 characters of text." },
  { name: "tag", kind: "several", values: [], help: "Carries this tag; several mean that it carries all of them. Expected: 1 to 1024 characters of text." },
  { name: "environment", kind: "text", values: [], help: "Sent from this environment. Expected: 1 to 1024 characters of text." },
  { name: "release", kind: "text", values: [], help: "Sent by this release. Expected: 1 to 1024 characters of text." },
  { name: "provider", kind: "text", values: [], help: "Went to this provider. Expected: 1 to 1024 characters of text." },
  { name: "dialect", kind: "text", values: [], help: "In this wire format. Expected: 1 to 1024 characters of text." },
  { name: "operation", kind: "text", values: [], help: "Of this kind: OpenTelemetry's operation name. Expected: 1 to 1024 characters of text." },
  { name: "model", kind: "text", values: [], help: "Asked for or answered by this model. Expected: 1 to 1024 characters of text." },
  { name: "source", kind: "choice", values: ["proxy","otlp"], help: "Known to us in this way. Expected: one of proxy, otlp." },
  { name: "status", kind: "choice", values: ["ok","error"], help: "Went well or not. Expected: one of ok, error." },
  { name: "http_status", kind: "integer", values: [], help: "The client saw this HTTP status. Expected: a whole number from 100 to 599." },
  { name: "end_reason", kind: "choice", values: ["complete","client_gone","upstream_failed","timed_out","cut","refused","blocked","interrupted"], help: "Ended so. Expected: one of complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted." },
  { name: "finding", kind: "choice", values: ["injection","jailbreak","hidden_text","encoded","tool_poisoning","tool_misuse","exfiltration","secret","pii","system_prompt_leak","canary_leak","toxicity","self_harm","code_risk","any"], help: "Something of this kind was found in it, or `any`thing. Expected: one of injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, canary_leak, toxicity, self_harm, code_risk, any." },
  { name: "min_cost_usd", kind: "text", values: [], help: "Cost at least so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025." },
  { name: "max_cost_usd", kind: "text", values: [], help: "Cost at most so much; what has no price does not match. Expected: US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025." },
  { name: "min_duration_ms", kind: "text", values: [], help: "Took at least so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25." },
  { name: "max_duration_ms", kind: "text", values: [], help: "Took at most so long. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25." },
  { name: "min_time_to_first_token_ms", kind: "text", values: [], help: "Its first token took at least so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25." },
  { name: "max_time_to_first_token_ms", kind: "text", values: [], help: "Its first token took at most so long; what has none does not match. Expected: milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25." },
  { name: "min_tokens", kind: "integer", values: [], help: "Used at least so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991." },
  { name: "max_tokens", kind: "integer", values: [], help: "Used at most so many tokens; what has no usage does not match. Expected: a whole number from 0 to 9007199254740991." },
  { name: "text", kind: "text", values: [], help: "Holds every one of these terms in what was said. Expected: 1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands between terms." },
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
  reader.several("tag", (value) => {
    filter.tag = value;
  });
  reader.text("environment", (value) => {
    filter.environment = value;
  });
  reader.text("release", (value) => {
    filter.release = value;
  });
  reader.text("provider", (value) => {
    filter.provider = value;
  });
  reader.text("dialect", (value) => {
    filter.dialect = value;
  });
  reader.text("operation", (value) => {
    filter.operation = value;
  });
  reader.text("model", (value) => {
    filter.model = value;
  });
  reader.choice("source", ["proxy","otlp"], (value) => {
    filter.source = value;
  });
  reader.choice("status", ["ok","error"], (value) => {
    filter.status = value;
  });
  reader.integer("http_status", (value) => {
    filter.http_status = value;
  });
  reader.choice("end_reason", ["complete","client_gone","upstream_failed","timed_out","cut","refused","blocked","interrupted"], (value) => {
    filter.end_reason = value;
  });
  reader.choice("finding", ["injection","jailbreak","hidden_text","encoded","tool_poisoning","tool_misuse","exfiltration","secret","pii","system_prompt_leak","canary_leak","toxicity","self_harm","code_risk","any"], (value) => {
    filter.finding = value;
  });
  reader.text("min_cost_usd", (value) => {
    filter.min_cost_usd = value;
  });
  reader.text("max_cost_usd", (value) => {
    filter.max_cost_usd = value;
  });
  reader.text("min_duration_ms", (value) => {
    filter.min_duration_ms = value;
  });
  reader.text("max_duration_ms", (value) => {
    filter.max_duration_ms = value;
  });
  reader.text("min_time_to_first_token_ms", (value) => {
    filter.min_time_to_first_token_ms = value;
  });
  reader.text("max_time_to_first_token_ms", (value) => {
    filter.max_time_to_first_token_ms = value;
  });
  reader.integer("min_tokens", (value) => {
    filter.min_tokens = value;
  });
  reader.integer("max_tokens", (value) => {
    filter.max_tokens = value;
  });
  reader.text("text", (value) => {
    filter.text = value;
  });
  reader.text("tenant_id", (value) => {
    filter.tenant_id = value;
  });
  return filter;
}
