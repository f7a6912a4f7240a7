/** Makes a tenant before it sends anything. */
import { useState } from "react";
import { FormAnswers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { focused, Input } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { useMakeTenant } from "./queries.ts";

export function MakeTenant({ onDone }: { onDone: () => void }) {
  const make = useMakeTenant();
  const [name, setName] = useState("");
  return (
    <Panel title="New tenant">
      <Form onSend={() => make.mutate(name.trim(), { onSuccess: onDone })} className="flex max-w-md flex-col gap-3 p-3">
        <Field label="Name" help="Up to 64 letters, digits and . _ -, a letter or digit first. It stays as it is.">
          {(id, help) => (
            <Input
              ref={focused}
              id={id}
              aria-describedby={help}
              required
              pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {make.error && <Notice tone="bad">{make.error.message}</Notice>}
        <FormAnswers label="Make the tenant" isBusy={make.isPending} onCancel={onDone} />
      </Form>
    </Panel>
  );
}
