/** How an exchange went, in one word and a colour. */
import { Badge } from "../../ui/Badge.tsx";
import type { Span } from "./queries.ts";

export function StatusBadge({ span }: { span: Span }) {
  const status = span.http_status === null ? span.status : `${span.http_status}`;
  const ended = span.end_reason === "complete" ? "" : ` ${span.end_reason.replaceAll("_", " ")}`;
  const tone = span.status === "error" ? "bad" : ended ? "warn" : "good";
  return (
    <Badge tone={tone}>
      {status}
      {ended}
    </Badge>
  );
}
