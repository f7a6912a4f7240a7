/** Deletes a stored credential, after asking. */
import { useQuery } from "@tanstack/react-query";
import { isChanged } from "../../api/client.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { ChangedMeanwhile, Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { credentialQuery, useDeleteCredential } from "./queries.ts";

interface Props {
  tenant: string;
  upstream: string;
  onClose: () => void;
}

export function DeleteCredential({ tenant, upstream, onClose }: Props) {
  const one = useQuery(credentialQuery(tenant, upstream));
  const remove = useDeleteCredential(tenant);
  const again = () => {
    remove.reset();
    one.refetch();
  };
  return (
    <Dialog title={`Delete the credential for ${upstream}?`} onClose={onClose}>
      <QueryView query={one}>
        {({ data, etag }) => (
          <div className="flex flex-col gap-3 text-xs">
            <p className="stranger">
              Applications of <b>{tenant}</b> that send only an LLMTrace key to <b>{upstream}</b> are refused from then
              on. {data.hint !== null && `It ends with ${data.hint}.`}
            </p>
            {isChanged(remove.error) ? (
              <ChangedMeanwhile what="this credential" again={again} />
            ) : (
              remove.error && <Notice tone="bad">{remove.error.message}</Notice>
            )}
            <Answers>
              <Button onClick={onClose}>Keep it</Button>
              <Button
                look="bad"
                disabled={remove.isPending}
                onClick={() => remove.mutate({ upstream, etag }, { onSuccess: onClose })}
              >
                Delete it
              </Button>
            </Answers>
          </div>
        )}
      </QueryView>
    </Dialog>
  );
}
