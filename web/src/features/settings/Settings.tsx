/** What a tenant sets for itself: what of its exchanges is kept, for how long, and the credentials it leaves here. */
import { useQuery } from "@tanstack/react-query";
import { useOneTenant } from "../../api/me.ts";
import { tenantsQuery } from "../../api/tenants.ts";
import { Link } from "../../ui/Link.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Capture } from "./Capture.tsx";
import { Credentials } from "./Credentials.tsx";
import { RetentionPanel } from "./Retention.tsx";

export function Settings() {
  const tenant = useOneTenant();
  return (
    <>
      <title>Settings · LLMTrace</title>
      <h1 className="stranger text-base font-semibold">{tenant === null ? "Settings" : `Settings of ${tenant}`}</h1>
      {tenant === null ? <Choose /> : <OfTenant key={tenant} tenant={tenant} />}
    </>
  );
}

function OfTenant({ tenant }: { tenant: string }) {
  return (
    <div className="grid items-start gap-3 lg:grid-cols-2">
      <Capture tenant={tenant} />
      <RetentionPanel tenant={tenant} />
      <Credentials tenant={tenant} />
    </div>
  );
}

function Choose() {
  const tenants = useQuery(tenantsQuery);
  return (
    <div className="rounded-md border border-line bg-surface p-3">
      <p className="mb-2 text-muted">Settings are a tenant's. Whose?</p>
      <QueryView query={tenants} isEmpty={(all) => all.length === 0} empty="There is no tenant yet.">
        {(all) => (
          <ul className="columns-2 sm:columns-4">
            {all.map(({ tenant_id }) => (
              <li key={tenant_id} className="truncate">
                <Link className="text-accent underline" to={`/admin/settings?${new URLSearchParams({ tenant_id })}`}>
                  {tenant_id}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </div>
  );
}
