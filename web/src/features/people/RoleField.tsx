/** What somebody may do, and where. */
import { useQuery } from "@tanstack/react-query";
import { tenantsQuery } from "../../api/tenants.ts";
import { MAY, type Role } from "../../lib/roles.ts";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Input.tsx";

/** The roles within a tenant, and outside of all of them. */
const WITHIN: Role[] = ["viewer", "operator", "admin"];
const OUTSIDE: Role[] = ["platform"];

/** The place of a role: a tenant, or null for the whole installation. */
export type Place = string | null;

export function rolesIn(place: Place): Role[] {
  return place === null ? OUTSIDE : WITHIN;
}

const WHOLE = "";

export function PlaceField({ place, onPlace }: { place: Place; onPlace: (place: Place) => void }) {
  const seen = useQuery(tenantsQuery);
  return (
    <Field label="Where">
      {(id) => (
        <Select
          id={id}
          value={place ?? WHOLE}
          onChange={(event) => onPlace(event.target.value === WHOLE ? null : event.target.value)}
        >
          <option value={WHOLE}>the whole installation</option>
          {seen.data?.map(({ tenant_id }) => (
            <option key={tenant_id}>{tenant_id}</option>
          ))}
        </Select>
      )}
    </Field>
  );
}

interface Props {
  place: Place;
  role: Role | null;
  onRole: (role: Role | null) => void;
  /** Whether no role can be chosen. */
  none?: "offered";
}

const NONE = "";

export function RoleField({ place, role, onRole, none }: Props) {
  const roles = rolesIn(place);
  const help = role === null ? "They reach nothing there." : `They may ${MAY[role]}.`;
  return (
    <Field label={place === null ? "Role in the whole installation" : `Role in ${place}`} help={help}>
      {(id, describedBy) => (
        <Select
          id={id}
          aria-describedby={describedBy}
          value={role ?? NONE}
          onChange={(event) => onRole(roles.find((one) => one === event.target.value) ?? null)}
        >
          {none && <option value={NONE}>none</option>}
          {roles.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Select>
      )}
    </Field>
  );
}
