/** Revokes a key, after asking. */
import { useMe } from "../../api/me.ts";
import type { Key } from "../../api/names.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useRevokeKey } from "./queries.ts";

export function RevokeKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const me = useMe();
  const revoke = useRevokeKey();
  return (
    <Dialog title={`Revoke ${of.name}?`} onClose={onClose}>
      <div className="flex flex-col gap-3 text-xs">
        <p className="stranger">
          Whatever uses the key <b>{of.name}</b> (<code className="font-mono">{of.prefix}…</code>, {of.role}
          {of.tenant_id !== null && ` in ${of.tenant_id}`}) is refused from now on, within two seconds everywhere. This
          cannot be taken back.
        </p>
        {of.key_id === me.id && <Notice tone="warn">You are logged in with this key: you will be logged out.</Notice>}
        {revoke.error && <Notice tone="bad">{revoke.error.message}</Notice>}
        <Answers>
          <Button onClick={onClose}>Keep it</Button>
          <Button look="bad" disabled={revoke.isPending} onClick={() => revoke.mutate(of, { onSuccess: onClose })}>
            Revoke {of.name}
          </Button>
        </Answers>
      </div>
    </Dialog>
  );
}
