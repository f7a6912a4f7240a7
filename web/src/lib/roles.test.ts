import { expect, it } from "vitest";
import { firstChoice, isAtLeast, onlyTenant, type Reach, roleIn } from "./roles.ts";

const nobody: Reach = { platform: false, tenants: [] };
const one: Reach = { platform: false, tenants: [{ tenant_id: "a", role: "admin" }] };
const two: Reach = {
  platform: false,
  tenants: [
    { tenant_id: "b", role: "viewer" },
    { tenant_id: "a", role: "admin" },
  ],
};
const all: Reach = { platform: true, tenants: [{ tenant_id: "a", role: "viewer" }] };

it("a role is that of the tenant that is looked at", () => {
  expect([roleIn(two, "a"), roleIn(two, "b"), roleIn(two, "c"), roleIn(two, null)]).toEqual([
    "admin",
    "viewer",
    null,
    null,
  ]);
  expect([roleIn(one, null), roleIn(one, "a"), roleIn(one, "b")]).toEqual(["admin", "admin", null]);
  expect([roleIn(all, null), roleIn(all, "z")]).toEqual(["platform", "platform"]);
  expect(roleIn(nobody, null)).toBeNull();
});

it("each role may what the one before it may", () => {
  expect([
    isAtLeast("admin", "viewer"),
    isAtLeast("platform", "admin"),
    isAtLeast("operator", "operator"),
  ]).not.toContain(false);
  expect([isAtLeast("viewer", "operator"), isAtLeast("admin", "platform"), isAtLeast(null, "viewer")]).not.toContain(
    true,
  );
});

it("who reaches several tenants must name one, others need not", () => {
  expect([firstChoice(two), firstChoice(one), firstChoice(all), firstChoice(nobody)]).toEqual(["a", null, null, null]);
  expect([onlyTenant(two), onlyTenant(one), onlyTenant(all)]).toEqual([null, "a", null]);
});
