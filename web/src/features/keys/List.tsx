/** The API keys: who may come in, with which role, and when they last did. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useTenant } from "../../api/me.ts";
import { type Key, keysQuery } from "../../api/names.ts";
import { count } from "../../lib/format.ts";
import { withParam } from "../../lib/params.ts";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Input } from "../../ui/Input.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { NewKeyForm } from "./NewKey.tsx";
import { useMakeKey } from "./queries.ts";
import { ShownOnce } from "./ShownOnce.tsx";
import { KeyTable } from "./Table.tsx";

/** More rows than anybody reads; whoever looks for one of the others names it. */
const SHOWN = 200;

export function Keys() {
  const tenant = useTenant();
  return <OfTenant key={tenant} tenant={tenant} />;
}

function OfTenant({ tenant }: { tenant: string | null }) {
  const keys = useQuery(keysQuery(tenant));
  const make = useMakeKey();
  const [open, setOpen] = useState(false);
  return (
    <>
      <title>Keys · LLMTrace</title>
      <Head makes={open} onMake={() => setOpen(true)} />
      {open && <NewKeyForm make={make} onDone={() => setOpen(false)} />}
      {make.data && <ShownOnce made={make.data} onDone={make.reset} />}
      <div className="rounded-md border border-line bg-surface">
        <QueryView query={keys} isEmpty={(all) => all.length === 0} empty="There is no key yet.">
          {(all) => <Found all={all} />}
        </QueryView>
      </div>
    </>
  );
}

function Head({ makes, onMake }: { makes: boolean; onMake: () => void }) {
  const [params, setParams] = useSearchParams();
  const all = params.get("state") === "any";
  return (
    <div className="flex flex-wrap items-center gap-3">
      <h1 className="text-base font-semibold">Keys</h1>
      <Input
        type="search"
        aria-label="Search by name or prefix"
        placeholder="Name or prefix"
        value={params.get("q") ?? ""}
        onChange={(event) => setParams(withParam(params, "q", event.target.value), { replace: true })}
        className="max-w-56"
      />
      <Button aria-pressed={all} onClick={() => setParams(withParam(params, "state", all ? null : "any"))}>
        Revoked and expired, too
      </Button>
      <span className="flex-1" />
      <Button look="main" onClick={onMake} disabled={makes}>
        <Icon name="plus" /> New key
      </Button>
    </div>
  );
}

function Found({ all }: { all: Key[] }) {
  const [params] = useSearchParams();
  const words = (params.get("q") ?? "").toLowerCase();
  const any = params.get("state") === "any";
  const found = all.filter(
    (key) =>
      (any || key.state === "active") && (key.name.toLowerCase().includes(words) || key.prefix.startsWith(words)),
  );
  if (found.length === 0) {
    return <p className="px-4 py-10 text-center text-muted">No key matches; {count(all.length)} are there.</p>;
  }
  return (
    <>
      <KeyTable keys={found.slice(0, SHOWN)} />
      {found.length > SHOWN && (
        <p role="status" className="border-t border-line px-3 py-2 text-xs text-muted">
          The {SHOWN} newest of {count(found.length)} are shown; search for the others.
        </p>
      )}
    </>
  );
}
