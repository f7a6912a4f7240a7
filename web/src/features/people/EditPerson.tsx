/** Changes somebody: what they may do in one place, whether they may log in, and a new password. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { isChanged, type Tagged } from "../../api/client.ts";
import type { Account } from "../../api/names.ts";
import type { Role } from "../../lib/roles.ts";
import { Dialog, FormAnswers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input, PASSWORD } from "../../ui/Input.tsx";
import { ChangedMeanwhile, Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { personQuery, useChangePerson } from "./queries.ts";
import { type Place, PlaceField, RoleField } from "./RoleField.tsx";

interface Props {
  who: Account;
  /** The tenant that is looked at; null where it is all of them. */
  here: string | null;
  onClose: () => void;
}

export function EditPerson({ who, here, onClose }: Props) {
  const person = useQuery(personQuery(who, here));
  return (
    <Dialog title={`Change ${who.name}`} onClose={onClose}>
      <QueryView query={person}>
        {(read) => <Fields key={read.etag} read={read} here={here} again={() => person.refetch()} onClose={onClose} />}
      </QueryView>
    </Dialog>
  );
}

interface FieldsProps {
  read: Tagged<Account>;
  here: string | null;
  again: () => void;
  onClose: () => void;
}

function Fields({ read: { data: who, etag }, here, again, onClose }: FieldsProps) {
  const change = useChangePerson();
  const [place, setPlace] = useState<Place>(here);
  const [role, setRole] = useState<Role | null>(roleAt(who, here));
  const move = (to: Place) => {
    setPlace(to);
    setRole(roleAt(who, to));
  };
  const send = (form: FormData) => {
    const [display, password] = [String(form.get("display") ?? "").trim(), String(form.get("password") ?? "")];
    const body = { display, disabled: form.has("disabled"), role, ...(password === "" ? {} : { password }) };
    change.mutate({ id: who.user_id, tenant: place, etag, body }, { onSuccess: onClose });
  };
  return (
    <Form onSend={send} className="flex flex-col gap-3">
      <Field label="Shown as">
        {(id) => <Input id={id} name="display" maxLength={254} defaultValue={who.display} />}
      </Field>
      {here === null && <PlaceField place={place} onPlace={move} />}
      <RoleField place={place} role={role} onRole={setRole} none="offered" />
      <Field label="New password" help="At least 12 characters; it ends their logins. Empty: it stays.">
        {(id, help) => <Input id={id} aria-describedby={help} name="password" {...PASSWORD} />}
      </Field>
      <label className="flex items-center gap-2 text-xs">
        <input type="checkbox" name="disabled" defaultChecked={who.state === "disabled"} className="accent-accent" />
        Disabled: may not log in, and is logged out
      </label>
      {isChanged(change.error) ? (
        <ChangedMeanwhile what="this person" again={again} />
      ) : (
        change.error && <Notice tone="bad">{change.error.message}</Notice>
      )}
      <FormAnswers label="Save" isBusy={change.isPending} onCancel={onClose} />
    </Form>
  );
}

function roleAt({ platform, tenants }: Account, place: Place): Role | null {
  if (place === null) return platform ? "platform" : null;
  return tenants.find((one) => one.tenant_id === place)?.role ?? null;
}
