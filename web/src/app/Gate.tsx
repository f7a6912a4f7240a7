/** Stands before every page but the login: who looks at it, and whether they must log in or choose a tenant first. */
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation, useSearchParams } from "react-router";
import { isUnknown } from "../api/client.ts";
import { meQuery, Who } from "../api/me.ts";
import { loginFor } from "../lib/next.ts";
import { address, withParam } from "../lib/params.ts";
import { firstChoice } from "../lib/roles.ts";
import { QueryView } from "../ui/QueryView.tsx";

export function Gate() {
  const me = useQuery(meQuery);
  const [params] = useSearchParams();
  const { pathname, search } = useLocation();
  if (isUnknown(me.error)) return <Navigate to={loginFor(pathname, search)} replace />;
  return (
    <QueryView query={me}>
      {(data) => {
        const tenant = params.get("tenant_id") ? null : firstChoice(data);
        if (tenant !== null) return <Navigate to={address(pathname, withParam(params, "tenant_id", tenant))} replace />;
        return (
          <Who value={data}>
            <Outlet />
          </Who>
        );
      }}
    </QueryView>
  );
}
