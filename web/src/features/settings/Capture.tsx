/** What of a tenant's exchanges is kept. */
import { useQuery } from "@tanstack/react-query";
import { isChanged, type Tagged } from "../../api/client.ts";
import { infoQuery } from "../../api/info.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Input.tsx";
import { ChangedMeanwhile, Notice, Saved } from "../../ui/Notice.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { type Settings, settingsQuery, useSaveSettings } from "./queries.ts";

const CONTENT = ["full", "metadata"] as const;
const RAW = ["all", "errors", "off"] as const;
const WORDS: Record<string, string> = {
  full: "full: with what was said",
  metadata: "metadata: without what was said",
  all: "all: the bytes of every exchange",
  errors: "errors: the bytes of those that failed",
  off: "off: no bytes",
};

export function Capture({ tenant }: { tenant: string }) {
  const settings = useQuery(settingsQuery(tenant));
  const save = useSaveSettings(tenant);
  return (
    <Panel title="What is kept" aside={<Saved is={save.isSuccess} />}>
      <QueryView query={settings}>
        {(read) => <Fields key={read.etag} save={save} read={read} again={() => settings.refetch()} />}
      </QueryView>
    </Panel>
  );
}

interface Props {
  save: ReturnType<typeof useSaveSettings>;
  read: Tagged<Settings>;
  again: () => void;
}

function Fields({ save, read, again }: Props) {
  const info = useQuery(infoQuery);
  const submit = (form: FormData) =>
    save.mutate({
      etag: read.etag,
      body: { capture_content: chosen(form, "content", CONTENT), capture_raw: chosen(form, "raw", RAW) },
    });
  return (
    <Form onSend={submit} className="flex flex-col gap-3 p-3">
      <Choice
        label="Content"
        name="content"
        words={CONTENT}
        kept={read.data.capture_content}
        whole={info.data?.capture_content}
      />
      <Choice label="Raw bytes" name="raw" words={RAW} kept={read.data.capture_raw} whole={info.data?.capture_raw} />
      <p className="text-xs">
        What applies: content {read.data.effective.capture_content}, raw bytes {read.data.effective.capture_raw}.
      </p>
      <p className="text-2xs text-muted">
        A tenant keeps less than the installation, never more: of both the lesser counts. Without content there are no
        bytes. A change applies within two seconds, to what is sent from then on.
      </p>
      {isChanged(save.error) ? (
        <ChangedMeanwhile what="these settings" again={again} />
      ) : (
        save.error && <Notice tone="bad">{save.error.message}</Notice>
      )}
      <Answers>
        <Button type="submit" look="main" disabled={save.isPending}>
          Save what is kept
        </Button>
      </Answers>
    </Form>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  words: readonly string[];
  kept: string | null;
  /** What the installation has. */
  whole: string | undefined;
}

function Choice({ label, name, words, kept, whole }: ChoiceProps) {
  return (
    <Field label={label}>
      {(id) => (
        <Select id={id} name={name} defaultValue={kept ?? ""}>
          <option value="">as the installation{whole ? ` (${whole})` : ""}</option>
          {words.map((word) => (
            <option key={word} value={word}>
              {WORDS[word]}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function chosen<const T extends string>(form: FormData, name: string, words: readonly T[]): T | null {
  return words.find((word) => word === form.get(name)) ?? null;
}
