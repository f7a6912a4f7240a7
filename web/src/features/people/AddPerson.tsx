/** Adds somebody who logs in. */
import { useState } from "react";
import type { Role } from "../../lib/roles.ts";
import { FormAnswers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { focused, Input, PASSWORD } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { useAddPerson } from "./queries.ts";
import { type Place, PlaceField, RoleField, rolesIn } from "./RoleField.tsx";

/** `here` is the tenant that is looked at; without one the place is chosen. */
export function AddPerson({ here, onDone }: { here: string | null; onDone: () => void }) {
  const add = useAddPerson();
  const [place, setPlace] = useState<Place>(here);
  const [role, setRole] = useState<Role>(here === null ? "platform" : "viewer");
  const move = (to: Place) => {
    setPlace(to);
    setRole(rolesIn(to)[0] ?? role);
  };
  const send = (form: FormData) => {
    const text = (name: string) => String(form.get(name) ?? "");
    const [name, display, password] = [text("name").trim(), text("display").trim(), text("password")];
    const body = { name, display, role, ...(password === "" ? {} : { password }) };
    add.mutate({ tenant: place, body }, { onSuccess: onDone });
  };
  return (
    <Panel title="Add somebody">
      <Form onSend={send} className="grid items-start gap-3 p-3 sm:grid-cols-2 lg:grid-cols-3">
        <Field label="Name" help="What they log in with, such as their e-mail address. It stays as it is.">
          {(id, help) => <Input ref={focused} id={id} aria-describedby={help} name="name" required maxLength={254} />}
        </Field>
        <Field label="Shown as" help="What others read; may be empty.">
          {(id, help) => <Input id={id} aria-describedby={help} name="display" maxLength={254} />}
        </Field>
        <Field
          label="Password"
          help="At least 12 characters. Empty: they log in through the OpenID provider only. Tell them to change it."
        >
          {(id, help) => <Input id={id} aria-describedby={help} name="password" {...PASSWORD} />}
        </Field>
        {here === null && <PlaceField place={place} onPlace={move} />}
        <RoleField place={place} role={role} onRole={(one) => setRole(one ?? role)} />
        <div className="flex flex-col gap-2 sm:col-span-full">
          {add.error && <Notice tone="bad">{add.error.message}</Notice>}
          <FormAnswers label="Add them" isBusy={add.isPending} onCancel={onDone} />
        </div>
      </Form>
    </Panel>
  );
}
