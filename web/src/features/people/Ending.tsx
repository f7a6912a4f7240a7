/** Ends somebody's logins, or removes them, after asking. */
import type { ReactNode } from "react";
import { useMe } from "../../api/me.ts";
import type { Account } from "../../api/names.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers, Dialog } from "../../ui/Dialog.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useLogOutPerson, useRemovePerson } from "./queries.ts";

interface Props {
  who: Account;
  tenant: string | null;
  onClose: () => void;
}

export function LogOutPerson({ who, tenant, onClose }: Props) {
  const logOut = useLogOutPerson();
  return (
    <Question
      who={who}
      title={`Log ${who.name} out everywhere?`}
      what="Log out"
      pending={logOut.isPending}
      error={logOut.error}
      act={() => logOut.mutate({ id: who.user_id, tenant }, { onSuccess: onClose })}
      onClose={onClose}
    >
      All logins of <b>{who.name}</b> end, within two seconds everywhere. They may log in again.
    </Question>
  );
}

export function RemovePerson({ who, tenant, onClose }: Props) {
  const remove = useRemovePerson();
  return (
    <Question
      who={who}
      title={`Remove ${who.name}?`}
      what={`Remove ${who.name}`}
      pending={remove.isPending}
      error={remove.error}
      act={() => remove.mutate({ id: who.user_id, tenant }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <b>{who.name}</b> is forgotten, in every tenant, and their logins end. The audit log keeps what they did, under
      their id. This cannot be taken back; to take only a role away, change them instead.
    </Question>
  );
}

interface QuestionProps {
  who: Account;
  title: string;
  what: string;
  pending: boolean;
  error: Error | null;
  act: () => void;
  onClose: () => void;
  children: ReactNode;
}

function Question({ who, title, what, pending, error, act, onClose, children }: QuestionProps) {
  const me = useMe();
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="flex flex-col gap-3 text-xs">
        <p className="stranger">{children}</p>
        {who.user_id === me.id && <Notice tone="warn">That is you.</Notice>}
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Answers>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="bad" disabled={pending} onClick={act}>
            {what}
          </Button>
        </Answers>
      </div>
    </Dialog>
  );
}
