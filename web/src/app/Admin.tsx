/** The pages of those who administer a tenant; everybody else is told that they are not theirs. */
import { Suspense } from "react";
import { Outlet } from "react-router";
import { useMay, useOneTenant, useRole } from "../api/me.ts";
import { Link, NavLink } from "../ui/Link.tsx";
import { Loading } from "../ui/QueryView.tsx";

const PAGES = [
  { to: "/admin/keys", name: "Keys" },
  { to: "/admin/people", name: "People" },
  { to: "/admin/settings", name: "Settings" },
  { to: "/admin/tenants", name: "Tenants" },
  { to: "/admin/audit", name: "Audit log" },
];
const LINK =
  "whitespace-nowrap border-b-2 border-transparent px-2.5 py-2 text-xs text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink";

export function Admin() {
  if (!useMay("admin")) return <NotYours />;
  return (
    <>
      <nav aria-label="Administration" className="flex gap-1 overflow-x-auto border-b border-line bg-surface px-2">
        {PAGES.map((page) => (
          <NavLink key={page.to} to={page.to} className={LINK}>
            {page.name}
          </NavLink>
        ))}
      </nav>
      <div className="flex flex-col gap-3 p-4">
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </div>
    </>
  );
}

function NotYours() {
  const [role, tenant] = [useRole(), useOneTenant()];
  return (
    <div className="p-10 text-center text-muted">
      <title>Not yours · LLMTrace</title>
      <h1 className="text-sm text-ink">This page is for admins</h1>
      <p className="stranger">
        {role === null
          ? `You have no role${tenant === null ? "" : ` in ${tenant}`}.`
          : `You are ${role}${tenant === null ? "" : ` in ${tenant}`}.`}{" "}
        An admin can give you the role.
      </p>
      <p>
        Go to the{" "}
        <Link className="text-accent underline" to="/">
          overview
        </Link>
        .
      </p>
    </div>
  );
}
