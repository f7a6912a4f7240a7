/** Puts another credential in place of the one for an upstream. What was typed goes with the form. */
import { useQuery } from "@tanstack/react-query";
import { isChanged } from "../../api/client.ts";
import { Dialog, FormAnswers } from "../../ui/Dialog.tsx";
import { Form } from "../../ui/Form.tsx";
import { ChangedMeanwhile, Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { credentialQuery, useStoreCredential } from "./queries.ts";
import { readSecret, SecretField } from "./SecretField.tsx";

interface Props {
  tenant: string;
  upstream: string;
  onClose: () => void;
}

export function ReplaceCredential({ tenant, upstream, onClose }: Props) {
  const one = useQuery(credentialQuery(tenant, upstream));
  const store = useStoreCredential(tenant);
  const again = () => {
    store.reset();
    one.refetch();
  };
  return (
    <Dialog title={`Replace the credential for ${upstream}`} onClose={onClose}>
      <QueryView query={one}>
        {({ data, etag }) => (
          <Form
            onSend={(form) => store.mutate({ upstream, secret: readSecret(form), etag }, { onSuccess: onClose })}
            className="flex flex-col gap-3"
          >
            {data.hint !== null && <p className="text-xs text-muted">The one that is there ends with {data.hint}.</p>}
            <SecretField />
            {isChanged(store.error) ? (
              <ChangedMeanwhile what="this credential" again={again} />
            ) : (
              store.error && <Notice tone="bad">{store.error.message}</Notice>
            )}
            <FormAnswers label="Store it" isBusy={store.isPending} onCancel={onClose} />
          </Form>
        )}
      </QueryView>
    </Dialog>
  );
}
