/** The table of keys, and what can be done with one. */
import { useState } from "react";
import type { Key } from "../../api/names.ts";
import { Badge, type Tone } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import { EditKey } from "./EditKey.tsx";
import type { KeyState } from "./queries.ts";
import { RevokeKey } from "./RevokeKey.tsx";

const TONES: Record<KeyState, Tone> = { active: "good", expired: "warn", revoked: "plain" };

type Doing = { what: "edit" | "revoke"; key: Key };

export function KeyTable({ keys }: { keys: Key[] }) {
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  return (
    <>
      <Table label="API keys, newest first">
        <thead>
          <tr>
            <Th>Name</Th>
            <Th>State</Th>
            <Th>Role</Th>
            <Th>Tenant</Th>
            <Th>Begins with</Th>
            <Th>Made</Th>
            <Th>Expires</Th>
            <Th>Last used</Th>
            <Th>
              <span className="sr-only">Change</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <Row key={key.key_id} of={key} onDo={(what) => setDoing({ what, key })} />
          ))}
        </tbody>
      </Table>
      {doing?.what === "edit" && <EditKey of={doing.key} onClose={close} />}
      {doing?.what === "revoke" && <RevokeKey of={doing.key} onClose={close} />}
    </>
  );
}

function Row({ of, onDo }: { of: Key; onDo: (what: Doing["what"]) => void }) {
  return (
    <Tr>
      <Td title={of.name}>{of.name}</Td>
      <Td>
        <Badge tone={TONES[of.state]}>{of.state}</Badge>
      </Td>
      <Td>{of.role}</Td>
      <Td>{of.tenant_id ?? <span className="text-muted">all</span>}</Td>
      <Td mono>{of.prefix}…</Td>
      <Td>
        <Time at={of.created_at} />
      </Td>
      <Td>{of.expires_at === null ? <Never /> : <Time at={of.expires_at} />}</Td>
      <Td>{of.last_used_at === null ? <Never /> : <Time at={of.last_used_at} />}</Td>
      <Td end whole>
        {of.state !== "revoked" && (
          <span className="inline-flex gap-2">
            <Button aria-label={`Change ${of.name}`} onClick={() => onDo("edit")} className="h-6">
              Change
            </Button>
            <Button aria-label={`Revoke ${of.name}`} onClick={() => onDo("revoke")} className="h-6 text-bad">
              Revoke
            </Button>
          </span>
        )}
      </Td>
    </Tr>
  );
}

function Never() {
  return <span className="text-muted">never</span>;
}
