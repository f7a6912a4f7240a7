/** The credentials for providers that a tenant leaves here. They are written, never read. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { UNKNOWN } from "../../lib/format.ts";
import { Badge, type Tone } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import { DeleteCredential } from "./DeleteCredential.tsx";
import { type Credential, credentialsQuery } from "./queries.ts";
import { ReplaceCredential } from "./ReplaceCredential.tsx";
import { StoreCredential } from "./StoreCredential.tsx";

type Doing = { what: "store" } | { what: "replace" | "delete"; upstream: string };

const TONES: Record<Credential["state"], Tone> = { usable: "good", unused: "warn", unreadable: "bad" };
const STATES: Record<Credential["state"], string> = {
  usable: "It goes to the provider with requests that show an LLMTrace key.",
  unused: "No upstream of that name is configured.",
  unreadable: "The master key that it was sealed with is not here; requests that need it are refused. Replace it.",
};

export function Credentials({ tenant }: { tenant: string }) {
  const credentials = useQuery(credentialsQuery(tenant));
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  return (
    <Panel
      className="lg:col-span-2"
      title="Stored credentials of providers"
      aside={
        <Button onClick={() => setDoing({ what: "store" })} className="h-6">
          <Icon name="plus" /> Store one
        </Button>
      }
    >
      <p className="max-w-[75ch] px-3 pb-2 text-xs text-muted">
        With one, an application sends an LLMTrace key in place of the provider's, and the stored credential goes to the
        provider. It is sealed with the master key, and shown to nobody.
      </p>
      <QueryView query={credentials} isEmpty={(all) => all.length === 0} empty="None is stored.">
        {(all) => <Rows all={all} onDo={setDoing} />}
      </QueryView>
      {doing?.what === "store" && (
        <StoreCredential tenant={tenant} stored={(credentials.data ?? []).map((one) => one.upstream)} onClose={close} />
      )}
      {doing?.what === "replace" && <ReplaceCredential tenant={tenant} upstream={doing.upstream} onClose={close} />}
      {doing?.what === "delete" && <DeleteCredential tenant={tenant} upstream={doing.upstream} onClose={close} />}
    </Panel>
  );
}

function Rows({ all, onDo }: { all: Credential[]; onDo: (doing: Doing) => void }) {
  return (
    <Table label="Stored credentials">
      <thead>
        <tr>
          <Th>Upstream</Th>
          <Th>State</Th>
          <Th>Ends with</Th>
          <Th>Stored</Th>
          <Th>Replaced</Th>
          <Th>
            <span className="sr-only">Change</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ upstream, state, hint, created_at, updated_at }) => (
          <Tr key={upstream}>
            <Td>{upstream}</Td>
            <Td title={STATES[state]}>
              <Badge tone={TONES[state]}>{state}</Badge>
            </Td>
            <Td mono>{hint === null ? UNKNOWN : `…${hint}`}</Td>
            <Td>
              <Time at={created_at} />
            </Td>
            <Td>{updated_at === created_at ? UNKNOWN : <Time at={updated_at} />}</Td>
            <Td end whole>
              <span className="inline-flex gap-2">
                <Button
                  aria-label={`Replace the one for ${upstream}`}
                  onClick={() => onDo({ what: "replace", upstream })}
                  className="h-6"
                >
                  Replace
                </Button>
                <Button
                  aria-label={`Delete the one for ${upstream}`}
                  onClick={() => onDo({ what: "delete", upstream })}
                  className="h-6 text-bad"
                >
                  Delete
                </Button>
              </span>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
