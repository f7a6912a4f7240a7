/** The audit log: who did what, and what it was before and is since. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { asked, useOneTenant } from "../../api/me.ts";
import { useNames } from "../../api/names.ts";
import { address, type FilterField } from "../../lib/params.ts";
import { type Range, readRange } from "../../lib/range.ts";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { Pages } from "../../ui/Pages.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { RangePicker } from "../../ui/RangePicker.tsx";
import { Entries } from "./Entries.tsx";
import { auditQuery } from "./queries.ts";

const ANY: Range = { kind: "any" };
const FIELDS: FilterField[] = [
  {
    name: "action",
    kind: "text",
    values: [],
    help: "Exactly this, such as keys.revoke; with a dot at its end everything that begins so, such as keys.",
  },
  { name: "actor", kind: "text", values: [], help: "key: or user: and its id, cli, system or anonymous." },
];

export function AuditLog() {
  const tenant = useOneTenant();
  const [params] = useSearchParams();
  const range = useMemo(() => readRange(params, ANY), [params]);
  const wanted = {
    tenant,
    actor: params.get("actor"),
    action: params.get("action"),
    range,
    after: params.get("after"),
  };
  const page = useQuery(auditQuery(wanted));
  const names = useNames(tenant);
  return (
    <>
      <title>Audit log · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">Audit log</h1>
        <FilterBar fields={FIELDS} wrong={[]} />
        <span className="flex-1" />
        <RangePicker range={range} any="offered" />
      </div>
      <div className="rounded-md border border-line bg-surface">
        <QueryView
          query={page}
          isEmpty={(data) => data.items.length === 0}
          empty="Nothing was done in this time. Choose a longer one, or take a filter away."
        >
          {(data) => (
            <>
              <Entries entries={data.items} names={names} />
              <Pages next={data.next} after={wanted.after} />
            </>
          )}
        </QueryView>
      </div>
      <p className="text-2xs text-faint">
        <Chain tenant={tenant} /> Each line holds the hash of the one before it in its chain.{" "}
        <code>llmtrace-proxy audit verify</code> checks them.
      </p>
    </>
  );
}

/** A chain as a file; without a tenant that of the installation. */
function Chain({ tenant }: { tenant: string | null }) {
  return (
    <a
      className="text-accent underline"
      href={address("/api/v1/audit/chain", new URLSearchParams(asked(tenant)))}
      download
    >
      Download the chain of {tenant ?? "the installation"}.
    </a>
  );
}
