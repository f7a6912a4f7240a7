/** One's own account: who one is here, what one may do, and the password. */
import { useMutation } from "@tanstack/react-query";
import { api, done, type Schemas } from "../../api/client.ts";
import { useMe } from "../../api/me.ts";
import { MAY } from "../../lib/roles.ts";
import { Button } from "../../ui/Button.tsx";
import { Answers } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Input, PASSWORD } from "../../ui/Input.tsx";
import { Notice, Saved } from "../../ui/Notice.tsx";
import { Fact, Facts, Panel } from "../../ui/Panel.tsx";

export function Account() {
  const me = useMe();
  return (
    <div className="mx-auto flex w-full max-w-xl flex-col gap-3 p-4">
      <title>Your account · LLMTrace</title>
      <h1 className="stranger text-base font-semibold">{me.name ?? "Your account"}</h1>
      <Panel title="What you may do">
        <Facts>
          {me.platform && <Fact name="everywhere">{MAY.platform}</Fact>}
          {me.tenants.map(({ tenant_id, role }) => (
            <Fact key={tenant_id} name={tenant_id}>
              {role}: {MAY[role]}
            </Fact>
          ))}
        </Facts>
      </Panel>
      {me.kind === "user" && <ChangePassword />}
    </div>
  );
}

function ChangePassword() {
  const change = useMutation({
    mutationFn: (body: Schemas["PasswordBody"]) => done(api.PUT("/api/v1/me/password", { body })),
    gcTime: 0,
  });
  const submit = (form: FormData) => {
    const text = (name: string) => String(form.get(name) ?? "");
    change.mutate({ old: text("old"), new: text("new") });
  };
  return (
    <Panel title="Password" aside={<Saved is={change.isSuccess} />}>
      {/* A new one where it was changed: nobody types on in it. */}
      <Form key={change.isSuccess ? "changed" : "to change"} onSend={submit} className="flex flex-col gap-3 p-3">
        <Field label="The password as it is">
          {(id) => <Input id={id} type="password" name="old" required autoComplete="current-password" />}
        </Field>
        <Field label="New password" help="At least 12 characters. It ends your other logins; this one goes on.">
          {(id, help) => <Input id={id} aria-describedby={help} name="new" required {...PASSWORD} />}
        </Field>
        {change.error && <Notice tone="bad">{change.error.message}</Notice>}
        <Answers>
          <Button type="submit" look="main" disabled={change.isPending}>
            Change the password
          </Button>
        </Answers>
      </Form>
    </Panel>
  );
}
