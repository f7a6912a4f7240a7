/** Renames a key, or changes until when it is good. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { isChanged, type Tagged } from "../../api/client.ts";
import type { Key } from "../../api/names.ts";
import { Dialog, FormAnswers } from "../../ui/Dialog.tsx";
import { Expiry, readExpiry } from "../../ui/Expiry.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input } from "../../ui/Input.tsx";
import { ChangedMeanwhile, Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { keyQuery, useChangeKey } from "./queries.ts";

export function EditKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const one = useQuery(keyQuery(of));
  return (
    <Dialog title={`Change ${of.name}`} onClose={onClose}>
      <QueryView query={one}>
        {(read) => <Fields key={read.etag} read={read} again={() => one.refetch()} onClose={onClose} />}
      </QueryView>
    </Dialog>
  );
}

interface Props {
  read: Tagged<Key>;
  again: () => void;
  onClose: () => void;
}

function Fields({ read, again, onClose }: Props) {
  const change = useChangeKey();
  const [name, setName] = useState(read.data.name);
  const submit = (form: FormData) => {
    const body = { name: name.trim(), expires_at: readExpiry(form, new Date()) };
    change.mutate({ key: read.data, etag: read.etag, body }, { onSuccess: onClose });
  };
  return (
    <Form onSend={submit} className="flex flex-col gap-3">
      <Field label="Name">
        {(id) => (
          <Input id={id} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <Expiry kept={read.data.expires_at} />
      {isChanged(change.error) ? (
        <ChangedMeanwhile what="this key" again={again} />
      ) : (
        change.error && <Notice tone="bad">{change.error.message}</Notice>
      )}
      <FormAnswers label="Save" isBusy={change.isPending} onCancel={onClose} />
    </Form>
  );
}
