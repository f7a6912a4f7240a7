/** Where a login leads back to. It comes out of an address, so anybody may have written it: only pages of the dashboard count. */

const BASE = "/dashboard";
/** Where nobody is sent back to: they would log in again. */
const LOGIN = `${BASE}/login`;

/** The address of the login page that leads back to this page; `path` has no `/dashboard` before it. */
export function loginFor(path: string, search: string): string {
  const wanted = BASE + path + search;
  return path === "/" && search === "" ? "/login" : `/login?${new URLSearchParams({ next: wanted })}`;
}

/** The page that was wanted, as the server names it: always one below `/dashboard/`. */
export function wanted(next: string | null): string {
  // What a browser makes of it, not what it looks like: `\`, `//`, dots and tabs all have a meaning there.
  const url = next?.startsWith(`${BASE}/`) ? parsed(next) : null;
  if (url === null || url.pathname === LOGIN || url.pathname.startsWith(`${LOGIN}/`)) return `${BASE}/`;
  return url.pathname.startsWith(`${BASE}/`) ? url.pathname + url.search : `${BASE}/`;
}

/** The same without `/dashboard`, as the router takes it. */
export function wantedHere(next: string | null): string {
  return wanted(next).slice(BASE.length);
}

function parsed(text: string): URL | null {
  const here = "http://here.invalid";
  try {
    const url = new URL(text, here);
    return url.origin === here ? url : null;
  } catch {
    return null;
  }
}
