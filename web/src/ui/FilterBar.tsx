/** The filters of a list as chips, and a way to add any other. All of it lives in the address. */
import { useId, useState } from "react";
import { useSearchParams } from "react-router";
import { label } from "../lib/format.ts";
import { type FilterField, type Wrong, withoutValue, withParam, withValue } from "../lib/params.ts";
import { Button } from "./Button.tsx";
import { Icon } from "./Icon.tsx";
import { Input, Select } from "./Input.tsx";
import { Popup } from "./Popup.tsx";

interface Props {
  fields: FilterField[];
  wrong: Wrong[];
  /** Whether there are errors to keep to. */
  errors?: "offered";
}

export function FilterBar({ fields, wrong, errors: offered }: Props) {
  const [params, setParams] = useSearchParams();
  const set = fields.flatMap((field) => params.getAll(field.name).map((value) => ({ field, value })));
  const errors = params.get("status") === "error";
  return (
    <div className="flex flex-wrap items-center gap-2">
      <AddFilter fields={fields} />
      {offered && (
        <Button aria-pressed={errors} onClick={() => setParams(withParam(params, "status", errors ? null : "error"))}>
          Errors only
        </Button>
      )}
      {set.map(({ field, value }) => (
        <Chip
          key={`${field.name}=${value}`}
          name={label(field.name)}
          value={value}
          remove={() => setParams(withoutValue(params, field.name, value))}
        />
      ))}
      {set.length > 1 && (
        <button
          type="button"
          className="text-xs text-muted underline hover:text-ink"
          onClick={() => setParams(fields.reduce((next, field) => withParam(next, field.name, null), params))}
        >
          Clear all
        </button>
      )}
      {wrong.map((it) => (
        <p key={it.name} role="alert" className="stranger text-xs text-bad">
          {it.name}={it.value} is not {it.expected}; it is not applied.
        </p>
      ))}
    </div>
  );
}

function Chip({ name, value, remove }: { name: string; value: string; remove: () => void }) {
  return (
    <span className="inline-flex h-7 max-w-80 items-center gap-1.5 rounded border border-accent/50 bg-accent-soft pl-2 text-xs">
      <span className="text-muted">{name}</span>
      <bdi className="truncate">{value}</bdi>
      <button
        type="button"
        aria-label={`Remove ${name} ${value}`}
        onClick={remove}
        className="h-full px-1.5 text-muted hover:text-ink"
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

function AddFilter({ fields }: { fields: FilterField[] }) {
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState(fields[0]?.name ?? "");
  const field = fields.find((one) => one.name === name);
  const add = (form: FormData) => {
    const value = String(form.get("value") ?? "").trim();
    if (!field || value === "") return;
    setParams(field.kind === "several" ? withValue(params, name, value) : withParam(params, name, value));
    setOpen(false);
  };
  const button = (
    <>
      <Icon name="plus" /> Filter
    </>
  );
  return (
    <Popup button={button} open={open} onOpen={setOpen}>
      <form action={add} className="flex w-72 flex-col gap-2 text-xs">
        <label>
          Filter by
          <Select value={name} onChange={(event) => setName(event.target.value)}>
            {fields.map((one) => (
              <option key={one.name} value={one.name}>
                {label(one.name)}
              </option>
            ))}
          </Select>
        </label>
        {field && <Value field={field} current={params.get(field.name) ?? ""} />}
        <Button type="submit">Apply</Button>
      </form>
    </Popup>
  );
}

function Value({ field, current }: { field: FilterField; current: string }) {
  const id = useId();
  const numeric = field.kind === "number" || field.kind === "integer";
  return (
    <div>
      <label htmlFor={id}>Value</label>
      {field.kind === "choice" ? (
        <Select key={field.name} id={id} name="value" defaultValue={current}>
          {field.values.map((value) => (
            <option key={value}>{value}</option>
          ))}
        </Select>
      ) : (
        <Input
          key={field.name}
          id={id}
          name="value"
          required
          defaultValue={field.kind === "several" ? "" : current}
          type={numeric ? "number" : "text"}
          step={field.kind === "number" ? "any" : undefined}
        />
      )}
      <p className="mt-1 text-2xs text-muted">{field.help}</p>
    </div>
  );
}
