/** Deletes a stored credential, after asking. */
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useDeleteCredential } from "./queries.ts";

interface Props {
  tenant: string;
  upstream: string;
  onClose: () => void;
}

export function DeleteCredential({ tenant, upstream, onClose }: Props) {
  const remove = useDeleteCredential(tenant);
  return (
    <Dialog title={`Delete the credential for ${upstream}?`} onClose={onClose}>
      <div className="flex flex-col gap-3 text-xs">
        <p className="stranger">
          Applications of <b>{tenant}</b> that send only an LLMTrace key to <b>{upstream}</b> are refused from then on.
        </p>
        {remove.error && <Notice tone="bad">{remove.error.message}</Notice>}
        <Answers>
          <Button onClick={onClose}>Keep it</Button>
          <Button
            look="bad"
            disabled={remove.isPending}
            onClick={() => remove.mutate(upstream, { onSuccess: onClose })}
          >
            Delete it
          </Button>
        </Answers>
      </div>
    </Dialog>
  );
}
