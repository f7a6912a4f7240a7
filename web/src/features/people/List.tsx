/** The people who log in: who they are, what they may do, and when they last came. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useOneTenant } from "../../api/me.ts";
import { type Account, peopleQuery } from "../../api/names.ts";
import { count } from "../../lib/format.ts";
import { withParam } from "../../lib/params.ts";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Input } from "../../ui/Input.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { AddPerson } from "./AddPerson.tsx";
import { PeopleTable } from "./Table.tsx";

const SHOWN = 200;

export function People() {
  const tenant = useOneTenant();
  const people = useQuery(peopleQuery(tenant));
  const [params, setParams] = useSearchParams();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <title>People · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">People</h1>
        <Input
          type="search"
          aria-label="Search by name"
          placeholder="Name"
          value={params.get("q") ?? ""}
          onChange={(event) => setParams(withParam(params, "q", event.target.value), { replace: true })}
          className="max-w-56"
        />
        <span className="flex-1" />
        <Button look="main" disabled={adding} onClick={() => setAdding(true)}>
          <Icon name="plus" /> Add somebody
        </Button>
      </div>
      {adding && <AddPerson key={tenant} here={tenant} onDone={() => setAdding(false)} />}
      <div className="rounded-md border border-line bg-surface">
        <QueryView query={people} isEmpty={(all) => all.length === 0} empty="Nobody logs in by name yet.">
          {(all) => <Found all={all} words={(params.get("q") ?? "").toLowerCase()} tenant={tenant} />}
        </QueryView>
      </div>
    </>
  );
}

function Found({ all, words, tenant }: { all: Account[]; words: string; tenant: string | null }) {
  const found = all.filter(({ name, display }) => `${name}\n${display}`.toLowerCase().includes(words));
  if (found.length === 0) return <p className="px-4 py-10 text-center text-muted">Nobody is called so.</p>;
  return (
    <>
      <PeopleTable people={found.slice(0, SHOWN)} tenant={tenant} />
      {found.length > SHOWN && (
        <p role="status" className="border-t border-line px-3 py-2 text-xs text-muted">
          The first {SHOWN} of {count(found.length)} are shown; search for the others.
        </p>
      )}
    </>
  );
}
