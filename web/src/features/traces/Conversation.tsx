/** What was said, as a chat: instructions, what the client sent, what the model answered, the tools it was offered. */
import type { ReactNode } from "react";
import { count } from "../../lib/format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Json } from "../../ui/Json.tsx";
import { PartView } from "./Part.tsx";
import type { Message, SpanDetail } from "./queries.ts";

export function Conversation({ span }: { span: SpanDetail }) {
  const { system_instructions: system, input_messages: input, output_messages: output, tool_definitions: tools } = span;
  if (input === null && output === null && system === null) {
    return (
      <Note>
        The content was not kept (<code>capture.content: metadata</code>).
      </Note>
    );
  }
  const opaque = span.coverage.request.reason ?? span.coverage.response.reason;
  const nothing = [system, input, output].every((list) => list === null || list.length === 0);
  return (
    <div className="flex flex-col">
      {system && system.length > 0 && <Said who="system" parts={system} />}
      {input?.map((message, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages have no identity but their order
        <Said key={i} who={message.role} name={message.name} parts={message.parts} />
      ))}
      {output?.map((message, i) => (
        <Said
          // biome-ignore lint/suspicious/noArrayIndexKey: messages have no identity but their order
          key={i}
          who={message.role}
          name={message.name}
          parts={message.parts}
          finish={message.finish_reason}
          answer
        />
      ))}
      {nothing && (
        <Note>
          {opaque
            ? `There are no messages to show: ${opaque}. The raw bytes may say more.`
            : "No messages were exchanged."}
        </Note>
      )}
      {tools && tools.length > 0 && (
        <details className="border-t border-line px-3 py-2 text-xs">
          <summary className="text-muted">Tools offered: {count(tools.length)}</summary>
          <Json value={tools} />
        </details>
      )}
    </div>
  );
}

interface SaidProps {
  who: Message["role"];
  name?: string | null | undefined;
  parts: Message["parts"];
  finish?: string | null | undefined;
  answer?: boolean;
}

const COLOURS: Record<Message["role"], string> = {
  system: "text-muted",
  developer: "text-muted",
  user: "text-s2",
  assistant: "text-accent",
  tool: "text-warn",
  unknown: "text-muted",
};

function Said({ who, name, parts, finish, answer }: SaidProps) {
  return (
    <article className={`border-t border-line px-3 py-2.5 first:border-t-0 ${answer ? "bg-accent-soft/35" : ""}`}>
      <header className="mb-1 flex items-center gap-2 text-2xs">
        <span className={`font-semibold ${COLOURS[who]}`}>{who}</span>
        {name && <bdi className="truncate text-muted">{name}</bdi>}
        {finish && <Badge tone={finish === "length" || finish === "content_filter" ? "warn" : "plain"}>{finish}</Badge>}
      </header>
      <div className="flex flex-col gap-2">
        {parts.map((part, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their order
          <PartView key={i} part={part} />
        ))}
        {parts.length === 0 && <span className="text-faint">(empty)</span>}
      </div>
    </article>
  );
}

function Note({ children }: { children: ReactNode }) {
  return <p className="stranger px-4 py-8 text-center text-muted">{children}</p>;
}
