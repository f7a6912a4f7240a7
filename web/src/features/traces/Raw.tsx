/** The bytes of a span as they passed, where they were kept. */
import { useQuery } from "@tanstack/react-query";
import { ApiError, type Schemas } from "../../api/client.ts";
import { bytes } from "../../lib/format.ts";
import { BUTTON } from "../../ui/Button.tsx";
import { LongText } from "../../ui/LongText.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { rawQuery, type SpanDetail } from "./queries.ts";

export function Raw({ span }: { span: SpanDetail }) {
  const raw = useQuery(rawQuery(span));
  if (raw.error instanceof ApiError && raw.error.status === 404) {
    return <p className="stranger px-4 py-8 text-center text-muted">The bytes were not kept: {raw.error.message}.</p>;
  }
  return (
    <QueryView query={raw}>
      {(data) => (
        <>
          <Bytes title="Request" part="request" body={data.request} span={span} />
          <Bytes title="Response" part="response" body={data.response} span={span} />
        </>
      )}
    </QueryView>
  );
}

interface BytesProps {
  title: string;
  part: "request" | "response";
  body: Schemas["RawBody"] | null | undefined;
  span: SpanDetail;
}

function Bytes({ title, part, body, span }: BytesProps) {
  return (
    <section className="border-t border-line px-3 py-2 first:border-t-0">
      <header className="mb-1 flex items-center gap-3 text-xs">
        <h3 className="font-semibold">{title}</h3>
        {body && (
          <>
            <span className="text-muted">
              {[body.media_type, body.content_encoding, bytes(body.size_bytes)].filter((it) => it !== null).join(" · ")}
            </span>
            <span className="flex-1" />
            <a
              className={BUTTON}
              href={`/api/v1/spans/${span.span_id}/raw?${new URLSearchParams({ part, tenant_id: span.tenant_id })}`}
              download
            >
              Download
            </a>
          </>
        )}
      </header>
      {body ? (
        <Text body={body} />
      ) : (
        <p className="text-muted">There are none: the body was empty, or its bytes were not kept.</p>
      )}
    </section>
  );
}

function Text({ body }: { body: Schemas["RawBody"] }) {
  return (
    <>
      {body.encoding === "base64" && <p className="text-2xs text-muted">Not text; shown in base64.</p>}
      <LongText mono text={body.head} />
      {body.omitted_bytes > 0 && (
        <p className="my-1 text-center text-2xs text-warn">… {bytes(body.omitted_bytes)} were not kept …</p>
      )}
      {body.tail && <LongText mono text={body.tail} />}
    </>
  );
}
