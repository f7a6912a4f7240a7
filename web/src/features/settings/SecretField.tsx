/** Where a credential is typed. */
import { Field } from "../../ui/Field.tsx";
import { Input } from "../../ui/Input.tsx";

export function SecretField() {
  return (
    <Field label="Credential" help="The provider's API key, as it stands behind Bearer. It is not shown again.">
      {(id, help) => (
        <Input
          id={id}
          type="password"
          name="secret"
          required
          autoComplete="new-password"
          aria-describedby={help}
          className="font-mono"
        />
      )}
    </Field>
  );
}

export function readSecret(form: FormData): string {
  return String(form.get("secret") ?? "").trim();
}
