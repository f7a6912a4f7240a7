/** What one types to log in. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { logIn, type Shown } from "../../api/login.ts";
import { meQuery } from "../../api/me.ts";
import { wantedHere } from "../../lib/next.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { focused, Input } from "../../ui/Input.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { refusal } from "./words.ts";

export function Forms({ password, next }: { password: boolean; next: string | null }) {
  const [open, setOpen] = useState(password ? "password" : "key");
  if (!password) return <ByKey next={next} />;
  return (
    <Tabs
      label="How to log in"
      open={open}
      onOpen={setOpen}
      tabs={[
        { id: "password", name: "Name and password", view: () => <ByPassword next={next} /> },
        { id: "key", name: "API key", view: () => <ByKey next={next} /> },
      ]}
    />
  );
}

function ByKey({ next }: { next: string | null }) {
  const login = useLogin(next);
  return (
    <form action={(form) => login.mutate({ key: text(form, "key").trim() })} className="flex flex-col gap-3 p-4">
      <Field label="API key" help="It begins with llmt_. What it may do here is what its role allows.">
        {(id, help) => (
          <Input
            ref={focused}
            id={id}
            aria-describedby={help}
            type="password"
            name="key"
            required
            className="font-mono"
          />
        )}
      </Field>
      {login.error && <Notice tone="bad">{refusal(login.error, "key")}</Notice>}
      <Submit pending={login.isPending} />
    </form>
  );
}

function ByPassword({ next }: { next: string | null }) {
  const login = useLogin(next);
  const [name, setName] = useState("");
  return (
    <form
      action={(form) => login.mutate({ name: name.trim(), password: text(form, "password") })}
      className="flex flex-col gap-3 p-4"
    >
      <Field label="Name">
        {(id) => (
          <Input
            ref={focused}
            id={id}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(id) => <Input id={id} type="password" name="password" autoComplete="current-password" required />}
      </Field>
      {login.error && <Notice tone="bad">{refusal(login.error, "password")}</Notice>}
      <Submit pending={login.isPending} />
    </form>
  );
}

function Submit({ pending }: { pending: boolean }) {
  return (
    <Button type="submit" look="main" disabled={pending} className="h-8 justify-center">
      {pending ? "Logging in…" : "Log in"}
    </Button>
  );
}

function useLogin(next: string | null) {
  const [queries, navigate] = [useQueryClient(), useNavigate()];
  return useMutation({
    mutationFn: (shown: Shown) => logIn(shown),
    onSuccess: (me) => {
      // What somebody else was shown before must not be shown to whoever logs in now.
      queries.removeQueries();
      queries.setQueryData(meQuery.queryKey, me);
      navigate(wantedHere(next), { replace: true });
    },
  });
}

function text(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}
