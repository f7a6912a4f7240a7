/** Links between pages: the tenant that is looked at goes along, unless the link names one. */
import {
  type LinkProps,
  Navigate,
  type NavLinkProps,
  Link as Plain,
  NavLink as PlainNav,
  useSearchParams,
} from "react-router";
import { withTenant } from "../lib/params.ts";

export function Link({ to, ...rest }: LinkProps & { to: string }) {
  const [params] = useSearchParams();
  return <Plain to={withTenant(to, params)} {...rest} />;
}

export function NavLink({ to, ...rest }: NavLinkProps & { to: string }) {
  const [params] = useSearchParams();
  return <PlainNav to={withTenant(to, params)} {...rest} />;
}

/** A page that stands elsewhere now. */
export function Elsewhere({ to }: { to: string }) {
  const [params] = useSearchParams();
  return <Navigate to={withTenant(to, params)} replace />;
}
