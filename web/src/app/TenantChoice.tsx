/** Which of several tenants is looked at. Where there is only one, nothing is there to choose. */
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { useMe, useTenant } from "../api/me.ts";
import { tenantsQuery } from "../api/tenants.ts";
import { address, withParam } from "../lib/params.ts";
import { Select } from "../ui/Input.tsx";

const ALL = "";

export function TenantChoice() {
  const me = useMe();
  const tenant = useTenant();
  const choose = useChoose();
  const seen = useQuery({ ...tenantsQuery, enabled: me.platform });
  const own = me.platform ? (seen.data ?? []).map((one) => one.tenant_id) : me.tenants.map((one) => one.tenant_id);
  // What an address names need not have been seen.
  const names = [...new Set(tenant === null ? own : [...own, tenant])].sort();
  if (names.length < 2 && tenant === null) return null;
  return (
    <Select
      aria-label="Tenant"
      value={tenant ?? ALL}
      onChange={(event) => choose(event.target.value === ALL ? null : event.target.value)}
      className="order-2 basis-32 sm:order-none sm:basis-52"
    >
      {me.platform && <option value={ALL}>All tenants</option>}
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}

function useChoose() {
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  return (tenant: string | null) => {
    // A trace is one tenant's: in another there is the list.
    const path = pathname.startsWith("/traces/") ? "/traces" : pathname;
    const kept = path === pathname ? params : new URLSearchParams();
    navigate(address(path, withParam(kept, "tenant_id", tenant)));
  };
}
