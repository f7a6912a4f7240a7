/** The pages of admins, which nobody else has to load. */
import { lazy } from "react";

export const Keys = lazy(async () => ({ default: (await import("../features/keys/List.tsx")).Keys }));
export const People = lazy(async () => ({ default: (await import("../features/people/List.tsx")).People }));
export const Settings = lazy(async () => ({ default: (await import("../features/settings/Settings.tsx")).Settings }));
export const Tenants = lazy(async () => ({ default: (await import("../features/tenants/List.tsx")).Tenants }));
export const AuditLog = lazy(async () => ({ default: (await import("../features/audit/Log.tsx")).AuditLog }));
