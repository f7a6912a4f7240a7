/** The pages and what they share: the router, the query cache, the frame. */
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { BrowserRouter, Route, Routes } from "react-router";
import { ApiError, isUnknown } from "../api/client.ts";
import { meQuery } from "../api/me.ts";
import { Account } from "../features/account/Account.tsx";
import { FirstRun } from "../features/first-run/FirstRun.tsx";
import { Login } from "../features/login/Login.tsx";
import { Overview } from "../features/overview/Overview.tsx";
import { Trace } from "../features/traces/Detail.tsx";
import { TraceList } from "../features/traces/List.tsx";
import { Elsewhere, Link } from "../ui/Link.tsx";
import { Admin } from "./Admin.tsx";
import { AuditLog, Keys, People, Settings, Tenants } from "./adminPages.ts";
import { Gate } from "./Gate.tsx";
import { Shell } from "./Shell.tsx";

/** Whoever is told that they are unknown is asked about again; the gate then leads to the login. */
function ask(error: Error, of?: readonly unknown[]) {
  if (isUnknown(error) && of !== meQuery.queryKey) queries.invalidateQueries({ queryKey: meQuery.queryKey });
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: (error, query) => ask(error, query.queryKey) }),
  mutationCache: new MutationCache({ onError: (error) => ask(error) }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused it will refuse again; what did not reach it may get through.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <BrowserRouter basename="/dashboard">
        <Routes>
          <Route path="login" element={<Login />} />
          <Route element={<Gate />}>
            <Route element={<Shell />}>
              <Route element={<FirstRun />}>
                <Route index element={<Overview />} />
                <Route path="traces" element={<TraceList />} />
              </Route>
              <Route path="overview" element={<Elsewhere to="/" />} />
              <Route path="traces/:traceId" element={<Trace />} />
              <Route path="admin" element={<Admin />}>
                <Route index element={<Elsewhere to="/admin/keys" />} />
                <Route path="keys" element={<Keys />} />
                <Route path="people" element={<People />} />
                <Route path="settings" element={<Settings />} />
                <Route path="tenants" element={<Tenants />} />
                <Route path="audit" element={<AuditLog />} />
              </Route>
              <Route path="account" element={<Account />} />
              <Route path="*" element={<NoSuchPage />} />
            </Route>
          </Route>
        </Routes>
      </BrowserRouter>
    </QueryClientProvider>
  );
}

function NoSuchPage() {
  return (
    <div className="p-10 text-center text-muted">
      <h1 className="text-sm text-ink">There is no such page</h1>
      <p>
        Go to the{" "}
        <Link className="text-accent underline" to="/">
          overview
        </Link>{" "}
        or the{" "}
        <Link className="text-accent underline" to="/traces">
          traces
        </Link>
        .
      </p>
    </div>
  );
}
