/** How long a tenant's spans are kept. */
import { useQuery } from "@tanstack/react-query";
import { count } from "../../lib/format.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input } from "../../ui/Input.tsx";
import { Notice, Saved } from "../../ui/Notice.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { type Retention, retentionQuery, useSaveRetention } from "./queries.ts";

export function RetentionPanel({ tenant }: { tenant: string }) {
  const retention = useQuery(retentionQuery(tenant));
  const save = useSaveRetention(tenant);
  return (
    <Panel title="How long it is kept" aside={<Saved is={save.isSuccess} />}>
      <QueryView query={retention}>{(data) => <Fields key={JSON.stringify(data)} save={save} kept={data} />}</QueryView>
    </Panel>
  );
}

interface Props {
  save: ReturnType<typeof useSaveRetention>;
  kept: Retention;
}

function Fields({ save, kept }: Props) {
  const submit = (form: FormData) =>
    save.mutate({ content_days: daysOf(form, "content_days"), span_days: daysOf(form, "span_days") });
  return (
    <Form onSend={submit} className="flex flex-col gap-3 p-3">
      <p className="text-xs">
        {kept.source === "tenant" ? "This tenant has a rule of its own. " : "The rule of the installation applies. "}
        What was said is kept {span(kept.content_days)}, spans {span(kept.span_days)}.
      </p>
      <div className="grid gap-3 sm:grid-cols-2">
        <Days label="What was said, days" name="content_days" kept={kept.content_days} />
        <Days label="Spans, days" name="span_days" kept={kept.span_days} />
      </div>
      <p className="text-2xs text-muted">
        Empty: for ever. A rule reaches what is stored already, within ten minutes; what is gone then does not come
        back.
      </p>
      {save.error && <Notice tone="bad">{save.error.message}</Notice>}
      <Answers>
        {kept.source === "tenant" && (
          <Button disabled={save.isPending} onClick={() => save.mutate(null)}>
            Go by the installation
          </Button>
        )}
        <Button type="submit" look="main" disabled={save.isPending}>
          Save how long
        </Button>
      </Answers>
    </Form>
  );
}

function Days({ label, name, kept }: { label: string; name: string; kept: number | null }) {
  return (
    <Field label={label}>
      {(id) => (
        <Input
          id={id}
          type="number"
          name={name}
          min={1}
          max={36_500}
          defaultValue={kept ?? ""}
          placeholder="for ever"
        />
      )}
    </Field>
  );
}

function span(days: number | null): string {
  if (days === null) return "for ever";
  return days === 1 ? "1 day" : `${count(days)} days`;
}

function daysOf(form: FormData, name: string): number | null {
  const text = String(form.get(name) ?? "");
  return text === "" ? null : Number(text);
}
