/** One part of a message. Whatever it holds is text here: nothing in it becomes markup, a link or a picture. */
import type { ReactNode } from "react";
import { bytes } from "../../lib/format.ts";
import { Copy } from "../../ui/Copy.tsx";
import { Icon, type IconName } from "../../ui/Icon.tsx";
import { Json } from "../../ui/Json.tsx";
import { LongText } from "../../ui/LongText.tsx";
import type { Part } from "./queries.ts";

export function PartView({ part }: { part: Part }) {
  switch (part.type) {
    case "text":
      return <LongText text={part.content} />;
    case "reasoning":
      return (
        <Box title="reasoning" tone="border-s3/60">
          {part.content ? <LongText text={part.content} /> : <span className="text-faint">hidden by the provider</span>}
        </Box>
      );
    case "refusal":
      return (
        <Box title="refusal" tone="border-warn">
          <LongText text={part.content} />
        </Box>
      );
    case "tool_call":
      return (
        <Box title={`calls ${part.name}`} icon="wrench" tone="border-s4" aside={part.id}>
          <Json value={part.arguments} />
        </Box>
      );
    case "tool_call_response":
      return (
        <Box title="tool answers" icon="wrench" tone="border-s4" aside={part.id}>
          <Json value={part.result} />
        </Box>
      );
    case "blob":
      return (
        <Named
          modality={part.modality}
          says={`${part.mime_type ?? "no media type"}, ${bytes(part.size_bytes)}, not kept`}
        />
      );
    case "uri":
      return <Named modality={part.modality} says={part.uri} copy={part.uri} />;
    case "file":
      return <Named modality={part.modality} says={`file ${part.file_id}`} copy={part.file_id} />;
    case "raw":
      return (
        <Box title="a part this version does not know" tone="border-line-strong">
          <Json value={part.value} />
        </Box>
      );
  }
}

interface BoxProps {
  title: string;
  tone: string;
  icon?: IconName;
  aside?: string | null | undefined;
  children: ReactNode;
}

function Box({ title, tone, icon, aside, children }: BoxProps) {
  return (
    <div className={`min-w-0 border-l-2 pl-2.5 ${tone}`}>
      <p className="flex items-center gap-1.5 text-2xs text-muted">
        {icon && <Icon name={icon} />}
        <bdi className="truncate">{title}</bdi>
        {aside && <bdi className="truncate font-mono text-faint">{aside}</bdi>}
      </p>
      {children}
    </div>
  );
}

function Named({ modality, says, copy }: { modality: string; says: string; copy?: string }) {
  return (
    <div className="flex min-w-0 items-start gap-2 rounded bg-raised px-2 py-1 text-xs">
      <span className="mt-0.5 text-muted">
        <Icon name="image" />
      </span>
      <span className="text-muted">{modality}</span>
      <LongText text={says} />
      {copy && <Copy text={copy} what={`the ${modality}'s address`} />}
    </div>
  );
}
