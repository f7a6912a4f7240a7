/** The way on in a list that has pages, and back to its beginning. */
import { useLocation, useSearchParams } from "react-router";
import { address, withParam } from "../lib/params.ts";
import { BUTTON } from "./Button.tsx";
import { Link } from "./Link.tsx";

export function Pages({ next, after }: { next: string | null; after: string | null }) {
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  if (next === null && after === null) return null;
  const more = withParam(params, "after", null);
  if (next) more.set("after", next);
  return (
    <nav aria-label="Pages of the list" className="flex justify-end gap-2 border-t border-line p-2">
      {after !== null && (
        <Link className={BUTTON} to={address(pathname, withParam(params, "after", null))}>
          Newest
        </Link>
      )}
      {next !== null && (
        <Link className={BUTTON} to={address(pathname, more)}>
          Next page
        </Link>
      )}
    </nav>
  );
}
