/** Stores a first credential for an upstream. What was typed goes with the form. */
import { useQuery } from "@tanstack/react-query";
import { isChanged } from "../../api/client.ts";
import { infoQuery } from "../../api/info.ts";
import { Dialog, FormAnswers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useStoreCredential } from "./queries.ts";
import { readSecret, SecretField } from "./SecretField.tsx";

interface Props {
  tenant: string;
  /** The upstreams that have one. */
  stored: string[];
  onClose: () => void;
}

export function StoreCredential({ tenant, stored, onClose }: Props) {
  const info = useQuery(infoQuery);
  const store = useStoreCredential(tenant);
  const free = (info.data?.upstreams ?? []).filter((one) => !stored.includes(one));
  const submit = (form: FormData) => {
    const upstream = String(form.get("upstream") ?? "");
    store.mutate({ upstream, secret: readSecret(form), etag: null }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Store a credential" onClose={onClose}>
      <Form onSend={submit} className="flex flex-col gap-3">
        <Field label="Upstream" help={info.data && free.length === 0 ? "Every upstream has one." : undefined}>
          {(id, help) => (
            <Select id={id} name="upstream" required aria-describedby={help}>
              {free.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Field>
        <SecretField />
        {store.error && (
          <Notice tone="bad">
            {isChanged(store.error)
              ? "Somebody stored one for this upstream meanwhile, so nothing was saved. Close this and look again."
              : store.error.message}
          </Notice>
        )}
        <FormAnswers label="Store it" isBusy={store.isPending || free.length === 0} onCancel={onClose} />
      </Form>
    </Dialog>
  );
}
