/** The tenants: who they are, what there is of each, and the ways to make and to delete one. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "../../api/me.ts";
import { type Tenant, tenantsQuery } from "../../api/tenants.ts";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Link } from "../../ui/Link.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import { DeleteTenant } from "./DeleteTenant.tsx";
import { MakeTenant } from "./MakeTenant.tsx";
import type { Receipt } from "./queries.ts";

export function Tenants() {
  const me = useMe();
  const tenants = useQuery(tenantsQuery);
  const [making, setMaking] = useState(false);
  const [deleting, setDeleting] = useState<string | null>(null);
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  return (
    <>
      <title>Tenants · LLMTrace</title>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-base font-semibold">Tenants</h1>
        <span className="flex-1" />
        {me.platform && (
          <Button look="main" disabled={making} onClick={() => setMaking(true)}>
            <Icon name="plus" /> New tenant
          </Button>
        )}
      </div>
      {making && <MakeTenant onDone={() => setMaking(false)} />}
      {receipt && (
        <Notice tone="plain">
          {receipt.tenant_id} is deleted: its spans go now and for a while, for what may still be on its way. The
          receipt is <code className="font-mono">{receipt.erasure_id}</code>.
        </Notice>
      )}
      <div className="rounded-md border border-line bg-surface">
        <QueryView
          query={tenants}
          isEmpty={(all) => all.length === 0}
          empty="There is no tenant yet. The first request makes the one that it names."
        >
          {(all) => <TenantTable tenants={all} onDelete={me.platform ? setDeleting : null} />}
        </QueryView>
      </div>
      {deleting !== null && <DeleteTenant tenant={deleting} onClose={() => setDeleting(null)} onDeleted={setReceipt} />}
    </>
  );
}

interface Props {
  tenants: Tenant[];
  /** Null for those who may not. */
  onDelete: ((tenant: string) => void) | null;
}

function TenantTable({ tenants, onDelete }: Props) {
  return (
    <Table label="Tenants, by name">
      <thead>
        <tr>
          <Th>Name</Th>
          <Th>First seen</Th>
          <Th>Last seen</Th>
          <Th>What there is of it</Th>
          <Th>
            <span className="sr-only">Delete</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {tenants.map(({ tenant_id, first_seen, last_seen }) => (
          <Tr key={tenant_id}>
            <Td title={tenant_id}>{tenant_id}</Td>
            <Td>
              <Time at={first_seen} />
            </Td>
            <Td>
              <Time at={last_seen} />
            </Td>
            <Td whole>
              <Links tenant={tenant_id} />
            </Td>
            <Td end whole>
              {onDelete && (
                <Button aria-label={`Delete ${tenant_id}`} onClick={() => onDelete(tenant_id)} className="h-6 text-bad">
                  Delete
                </Button>
              )}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

const PLACES = [
  ["/traces", "Traces"],
  ["/admin/keys", "Keys"],
  ["/admin/people", "People"],
  ["/admin/settings", "Settings"],
  ["/admin/audit", "Audit log"],
] as const;

function Links({ tenant }: { tenant: string }) {
  return (
    <span className="inline-flex gap-3">
      {PLACES.map(([path, name]) => (
        <Link
          key={path}
          aria-label={`${name} of ${tenant}`}
          className="text-accent underline"
          to={`${path}?${new URLSearchParams({ tenant_id: tenant })}`}
        >
          {name}
        </Link>
      ))}
    </span>
  );
}
