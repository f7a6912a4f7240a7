/** Deletes a tenant with everything of it, once its name was typed. */
import { useState } from "react";
import { useSearchParams } from "react-router";
import { withParam } from "../../lib/params.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { type Receipt, useDeleteTenant } from "./queries.ts";

interface Props {
  tenant: string;
  onClose: () => void;
  onDeleted: (receipt: Receipt) => void;
}

export function DeleteTenant({ tenant, onClose, onDeleted }: Props) {
  const [params, setParams] = useSearchParams();
  const [typed, setTyped] = useState("");
  const remove = useDeleteTenant();
  const submit = () =>
    remove.mutate(tenant, {
      onSuccess: (receipt) => {
        onDeleted(receipt);
        onClose();
        // It is no longer there to be looked at.
        if (params.get("tenant_id") === tenant) setParams(withParam(params, "tenant_id", null), { replace: true });
      },
    });
  return (
    <Dialog title={`Delete ${tenant}?`} onClose={onClose}>
      <Form onSend={submit} className="flex flex-col gap-3 text-xs">
        <p className="stranger">
          All spans of <b>{tenant}</b> go, with what was said in them, its saved views, its settings and its stored
          credentials; its keys are revoked. The audit log stays. This cannot be taken back.
        </p>
        <Field label={`Type ${tenant} to delete it`}>
          {(id) => <Input id={id} required value={typed} onChange={(event) => setTyped(event.target.value)} />}
        </Field>
        {remove.error && <Notice tone="bad">{remove.error.message}</Notice>}
        <Answers>
          <Button onClick={onClose}>Keep it</Button>
          <Button type="submit" look="bad" disabled={typed !== tenant || remove.isPending}>
            Delete {tenant}
          </Button>
        </Answers>
      </Form>
    </Dialog>
  );
}
