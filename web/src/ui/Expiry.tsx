/** Until when something is good. */
import { useState } from "react";
import { afterDays, DAYS, fromLocal, toLocal } from "../lib/range.ts";
import { Field } from "./Field.tsx";
import { Input, Select } from "./Input.tsx";

const NEVER = "never";
const MOMENT = "moment";

/** Draws fields whose answer `readExpiry` reads. */
export function Expiry({ kept }: { kept: string | null }) {
  const [choice, choose] = useState(kept === null ? NEVER : MOMENT);
  return (
    <div className="flex flex-col gap-2">
      <Field label="Expires">
        {(id) => (
          <Select id={id} name="expires" value={choice} onChange={(event) => choose(event.target.value)}>
            <option value={NEVER}>never</option>
            {DAYS.map((days) => (
              <option key={days} value={days}>
                in {days} days
              </option>
            ))}
            <option value={MOMENT}>at…</option>
          </Select>
        )}
      </Field>
      {choice === MOMENT && (
        <Field label="Expires at (this browser's time)">
          {(id) => <Input id={id} type="datetime-local" name="expires_at" required defaultValue={toLocal(kept)} />}
        </Field>
      )}
    </div>
  );
}

/** The moment that was chosen, null for never. */
export function readExpiry(form: FormData, now: Date): string | null {
  const choice = String(form.get("expires") ?? NEVER);
  if (choice === MOMENT) return fromLocal(String(form.get("expires_at") ?? ""));
  return choice === NEVER ? null : afterDays(Number(choice), now);
}
