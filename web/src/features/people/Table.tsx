/** The table of people, and what can be done with one. */
import { useState } from "react";
import type { Account } from "../../api/names.ts";
import { UNKNOWN } from "../../lib/format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import { EditPerson } from "./EditPerson.tsx";
import { LogOutPerson, RemovePerson } from "./Ending.tsx";

type Doing = { what: "edit" | "logout" | "remove"; who: Account };

export function PeopleTable({ people, tenant }: { people: Account[]; tenant: string | null }) {
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  return (
    <>
      <Table label="People, by name">
        <thead>
          <tr>
            <Th>Name</Th>
            <Th>Shown as</Th>
            <Th>State</Th>
            <Th>{tenant === null ? "Roles" : "Role"}</Th>
            <Th>Logs in by</Th>
            <Th>Last login</Th>
            <Th>
              <span className="sr-only">Change</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {people.map((who) => (
            <Row key={who.user_id} who={who} tenant={tenant} onDo={(what) => setDoing({ what, who })} />
          ))}
        </tbody>
      </Table>
      {doing?.what === "edit" && <EditPerson who={doing.who} here={tenant} onClose={close} />}
      {doing?.what === "logout" && <LogOutPerson who={doing.who} tenant={tenant} onClose={close} />}
      {doing?.what === "remove" && <RemovePerson who={doing.who} tenant={tenant} onClose={close} />}
    </>
  );
}

interface RowProps {
  who: Account;
  tenant: string | null;
  onDo: (what: Doing["what"]) => void;
}

function Row({ who, tenant, onDo }: RowProps) {
  const roles = rolesOf(who, tenant);
  const ways = [who.has_password && "password", who.has_oidc && "OpenID"].filter((way) => way !== false).join(", ");
  return (
    <Tr>
      <Td title={who.name}>{who.name}</Td>
      <Td title={who.display}>{who.display === "" ? UNKNOWN : who.display}</Td>
      <Td>
        <Badge tone={who.state === "active" ? "good" : "bad"}>{who.state}</Badge>
      </Td>
      <Td title={roles}>{roles}</Td>
      <Td>{ways === "" ? <span className="text-warn">nothing yet</span> : ways}</Td>
      <Td>
        {who.last_login_at === null ? <span className="text-muted">never</span> : <Time at={who.last_login_at} />}
      </Td>
      <Td end whole>
        <span className="inline-flex gap-2">
          <Button aria-label={`Change ${who.name}`} onClick={() => onDo("edit")} className="h-6">
            Change
          </Button>
          <Button aria-label={`Log ${who.name} out`} onClick={() => onDo("logout")} className="h-6">
            Log out
          </Button>
          <Button aria-label={`Remove ${who.name}`} onClick={() => onDo("remove")} className="h-6 text-bad">
            Remove
          </Button>
        </span>
      </Td>
    </Tr>
  );
}

/** Their role in the tenant, or all that they have. */
function rolesOf({ platform, tenants }: Account, tenant: string | null): string {
  if (platform) return "platform";
  if (tenants.length === 0) return "none";
  return tenants.map(({ tenant_id, role }) => (tenant === null ? `${role} in ${tenant_id}` : role)).join(", ");
}
