/** Stores a credential for an upstream. What was typed goes with the form. */
import { useQuery } from "@tanstack/react-query";
import { isChanged } from "../../api/client.ts";
import { infoQuery } from "../../api/info.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input, Select } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useStoreCredential } from "./queries.ts";

interface Props {
  tenant: string;
  /** The upstream whose credential is replaced; null where a first one is stored. */
  replaces: string | null;
  /** The upstreams that have one. */
  stored: string[];
  onClose: () => void;
}

export function StoreCredential({ tenant, replaces, stored, onClose }: Props) {
  const info = useQuery(infoQuery);
  const store = useStoreCredential(tenant);
  const free = (info.data?.upstreams ?? []).filter((one) => !stored.includes(one));
  const submit = (form: FormData) => {
    const upstream = replaces ?? String(form.get("upstream") ?? "");
    const secret = String(form.get("secret") ?? "").trim();
    store.mutate({ upstream, secret, isNew: replaces === null }, { onSuccess: onClose });
  };
  return (
    <Dialog
      title={replaces === null ? "Store a credential" : `Replace the credential for ${replaces}`}
      onClose={onClose}
    >
      <Form onSend={submit} className="flex flex-col gap-3">
        {replaces === null && (
          <Field label="Upstream" help={free.length === 0 ? "Every upstream has one." : undefined}>
            {(id, help) => (
              <Select id={id} name="upstream" required aria-describedby={help}>
                {free.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <Field label="Credential" help="The provider's API key. It is not shown again.">
          {(id, help) => (
            <Input
              id={id}
              type="password"
              name="secret"
              required
              autoComplete="new-password"
              aria-describedby={help}
              className="font-mono"
            />
          )}
        </Field>
        {store.error && (
          <Notice tone="bad">
            {isChanged(store.error)
              ? "Somebody stored or deleted one for this upstream meanwhile, so nothing was saved. Close this and look again."
              : store.error.message}
          </Notice>
        )}
        <Answers>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" disabled={store.isPending || (replaces === null && free.length === 0)}>
            Store it
          </Button>
        </Answers>
      </Form>
    </Dialog>
  );
}
