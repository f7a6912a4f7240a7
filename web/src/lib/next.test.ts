import { expect, it } from "vitest";
import { loginFor, wanted, wantedHere } from "./next.ts";

it("the page that was wanted is kept", () => {
  const login = loginFor("/traces", "?model=a%26b&tenant_id=x");
  const next = new URLSearchParams(login.slice("/login?".length)).get("next");
  expect(next).toBe("/dashboard/traces?model=a%26b&tenant_id=x");
  expect(wanted(next)).toBe(next);
  expect(wantedHere(next)).toBe("/traces?model=a%26b&tenant_id=x");
});

it("the first page needs no mention", () => {
  expect(loginFor("/", "")).toBe("/login");
  expect(wanted(null)).toBe("/dashboard/");
  expect(wantedHere(null)).toBe("/");
});

it("nothing leads elsewhere", () => {
  for (const hostile of [
    "https://evil.example/dashboard/",
    "//evil.example/dashboard/",
    "/\\evil.example/dashboard/",
    "\\\\evil.example",
    "/dashboard",
    "/dashboardx/",
    "/dashboard/../api/v1/export",
    "/dashboard/%2e%2e/api/v1/export",
    "/dashboard/.%2E/\t/evil.example",
    "/dashboard/..//evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/api/v1/keys",
    " /dashboard/",
    "dashboard/",
    "",
  ]) {
    expect(wanted(hostile), hostile).toBe("/dashboard/");
  }
});

it("a login does not lead to a login", () => {
  for (const loop of [
    "/dashboard/login",
    "/dashboard/login?next=/dashboard/login",
    "/dashboard/login/",
    "/dashboard/./login",
  ]) {
    expect(wanted(loop), loop).toBe("/dashboard/");
  }
});
