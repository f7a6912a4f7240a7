/** Who may do what: the roles, and the one that somebody has in a tenant. The server decides; pages only offer what it allows. */

export type Role = "viewer" | "operator" | "admin" | "platform";

/** From the least to the most; each may what the one before it may. */
export const ROLES: Role[] = ["viewer", "operator", "admin", "platform"];

export const MAY: Record<Role, string> = {
  viewer: "read traces with what was said in them, and statistics",
  operator: "read, send through the proxy, save views, export",
  admin: "change the tenant, too: keys, people, settings, retention, erasures",
  platform: "administer the whole installation: every tenant, and who is one",
};

/** How far somebody reaches. */
export interface Reach {
  platform: boolean;
  tenants: { tenant_id: string; role: Role }[];
}

/** Their role in a tenant, null where they have none there; without a tenant, in the only one that they reach. */
export function roleIn(reach: Reach, tenant: string | null): Role | null {
  if (reach.platform) return "platform";
  const here = tenant ?? onlyTenant(reach);
  return reach.tenants.find((one) => one.tenant_id === here)?.role ?? null;
}

export function isAtLeast(role: Role | null, least: Role): boolean {
  return role !== null && ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The one tenant that they reach; null where they reach several, or all. */
export function onlyTenant({ platform, tenants }: Reach): string | null {
  const [first, second] = tenants;
  return !platform && first && !second ? first.tenant_id : null;
}

/** The tenant that has to be named before anything can be asked: somebody who reaches several must choose one. */
export function firstChoice({ platform, tenants }: Reach): string | null {
  if (platform || tenants.length < 2) return null;
  return tenants.map((one) => one.tenant_id).sort()[0] ?? null;
}
