/** Makes a key. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMe, useOneTenant } from "../../api/me.ts";
import { tenantsQuery } from "../../api/tenants.ts";
import { isAtLeast, MAY, ROLES, type Role } from "../../lib/roles.ts";
import { FormAnswers } from "../../ui/Dialog.tsx";
import { Expiry, readExpiry } from "../../ui/Expiry.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { focused, Input, Select } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Panel } from "../../ui/Panel.tsx";
import type { useMakeKey } from "./queries.ts";

interface Props {
  make: ReturnType<typeof useMakeKey>;
  onDone: () => void;
}

export function NewKeyForm({ make, onDone }: Props) {
  const [me, here] = [useMe(), useOneTenant()];
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [other, setOther] = useState("");
  // The role of the whole installation is in no tenant.
  const roles = ROLES.filter((one) => one !== "platform" || (me.platform && here === null));
  const tenant = role === "platform" ? null : (here ?? other);
  const submit = (form: FormData) => {
    const body = { name: name.trim(), role, expires_at: readExpiry(form, new Date()) };
    make.mutate({ tenant, body }, { onSuccess: onDone });
  };
  return (
    <Panel title="New key">
      <Form onSend={submit} className="grid items-start gap-3 p-3 sm:grid-cols-2 lg:grid-cols-4">
        <Field label="Name" help="What it is for, such as the service that gets it.">
          {(id, help) => (
            <Input
              ref={focused}
              id={id}
              aria-describedby={help}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role" help={`It may ${MAY[role]}.`}>
          {(id, help) => (
            <Select
              id={id}
              aria-describedby={help}
              value={role}
              onChange={(event) => setRole(roles.find((one) => one === event.target.value) ?? role)}
            >
              {roles.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Field>
        {isAtLeast("admin", role) && <TenantField here={here} other={other} onOther={setOther} />}
        <Expiry kept={null} />
        <div className="flex flex-col gap-2 sm:col-span-full">
          {make.error && <Notice tone="bad">{make.error.message}</Notice>}
          <FormAnswers label="Make the key" isBusy={make.isPending} onCancel={onDone} />
        </div>
      </Form>
    </Panel>
  );
}

function TenantField({
  here,
  other,
  onOther,
}: {
  here: string | null;
  other: string;
  onOther: (tenant: string) => void;
}) {
  const seen = useQuery({ ...tenantsQuery, enabled: here === null });
  return (
    <Field label="Tenant">
      {(id) =>
        here !== null ? (
          <Input id={id} readOnly value={here} />
        ) : (
          <Select id={id} required value={other} onChange={(event) => onOther(event.target.value)}>
            <option value="">Choose one</option>
            {seen.data?.map((one) => (
              <option key={one.tenant_id}>{one.tenant_id}</option>
            ))}
          </Select>
        )
      }
    </Field>
  );
}
