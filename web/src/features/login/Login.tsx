/** The login: a key, a name with its password, or somebody else's login page. It leads back to the page that was wanted. */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { type LoginWays, waysQuery } from "../../api/login.ts";
import { wanted, wantedHere } from "../../lib/next.ts";
import { BUTTON } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Forms } from "./Forms.tsx";
import { cameBack } from "./words.ts";

export function Login() {
  const ways = useQuery(waysQuery);
  return (
    <div className="flex min-h-dvh flex-col items-center bg-bg px-4 py-[12vh]">
      <title>Log in · LLMTrace</title>
      <header className="mb-4 flex items-center gap-2">
        <img src="/dashboard/favicon.svg" alt="" className="size-6" />
        <h1 className="text-base font-semibold tracking-tight">Log in to LLMTrace</h1>
      </header>
      <main className="w-full max-w-sm rounded-md border border-line bg-surface">
        <QueryView query={ways}>{(data) => <Ways ways={data} />}</QueryView>
      </main>
    </div>
  );
}

function Ways({ ways }: { ways: LoginWays }) {
  const [params] = useSearchParams();
  const next = params.get("next");
  const trouble = cameBack(params.get("error"));
  if (!ways.auth_required) return <NoneNeeded next={next} />;
  return (
    <>
      {trouble && (
        <div className="p-4 pb-0">
          <Notice tone="bad">{trouble}</Notice>
        </div>
      )}
      {ways.oidc && (
        <div className="border-b border-line p-4">
          <a
            className={`${BUTTON} h-8 w-full justify-center`}
            href={`/api/v1/oidc/start?${new URLSearchParams({ next: wanted(next) })}`}
          >
            Continue with {ways.oidc.name}
          </a>
        </div>
      )}
      <Forms password={ways.password} next={next} />
    </>
  );
}

/** In open mode. It leads on by a press, so that pages can never send one another back and forth. */
function NoneNeeded({ next }: { next: string | null }) {
  return (
    <p className="p-4 text-center">
      Nobody is asked who they are here.{" "}
      <Link className="text-accent underline" to={wantedHere(next)} replace>
        Go on
      </Link>
    </p>
  );
}
