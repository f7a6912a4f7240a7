/** The lines of the log; one of them opened. */
import { Fragment } from "react";
import { useSearchParams } from "react-router";
import { id, UNKNOWN } from "../../lib/format.ts";
import { withParam } from "../../lib/params.ts";
import { Badge, type Tone } from "../../ui/Badge.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import { Time } from "../../ui/Time.tsx";
import { Opened } from "./Opened.tsx";
import type { Entry } from "./queries.ts";

const TONES: Record<Entry["outcome"], Tone> = { done: "good", refused: "warn", failed: "bad" };
const WHO: Record<Entry["actor"]["kind"], string> = {
  key: "key",
  user: "person",
  cli: "command line",
  system: "the proxy itself",
  anonymous: "anybody",
};
/** The key of the settings, which is in no list. */
const ADMIN_KEY = "00000000-0000-0000-0000-000000000000";

export function Entries({ entries, names }: { entries: Entry[]; names: Map<string, string> }) {
  const [params, setParams] = useSearchParams();
  const open = params.get("open");
  const toggle = (entry: string) => {
    const next = new URLSearchParams(params);
    if (open === entry) next.delete("open");
    else next.set("open", entry);
    setParams(next, { replace: true });
  };
  return (
    <Table label="Audit log, the latest first">
      <thead>
        <tr>
          <Th>
            <span className="sr-only">More</span>
          </Th>
          <Th>When</Th>
          <Th>Who</Th>
          <Th>What</Th>
          <Th>To what</Th>
          <Th>Outcome</Th>
          <Th>Tenant</Th>
          <Th>From</Th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <Fragment key={entry.id}>
            <Row entry={entry} names={names} isOpen={open === entry.id} onToggle={() => toggle(entry.id)} />
            {open === entry.id && (
              <tr>
                <td colSpan={8} className="border-t border-line bg-raised p-3">
                  <Opened entry={entry} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </Table>
  );
}

interface RowProps {
  entry: Entry;
  names: Map<string, string>;
  isOpen: boolean;
  onToggle: () => void;
}

function Row({ entry, names, isOpen, onToggle }: RowProps) {
  const { actor, action, target } = entry;
  const [params, setParams] = useSearchParams();
  const narrow = (name: string, value: string) => () => setParams(withParam(params, name, value));
  const who = actor.id === null ? WHO[actor.kind] : nameOf(actor.id, names);
  const whole = actor.id === null ? actor.kind : `${actor.kind}:${actor.id}`;
  return (
    <Tr>
      <Td whole>
        <button
          type="button"
          aria-expanded={isOpen}
          aria-label={`More of ${action}, line ${entry.seq}`}
          onClick={onToggle}
          className="-m-1 p-1 text-muted hover:text-ink"
        >
          <Icon name={isOpen ? "down" : "right"} />
        </button>
      </Td>
      <Td>
        <Time at={entry.at} />
      </Td>
      <Td title={whole}>
        {actor.id !== null && <span className="text-muted">{WHO[actor.kind]} </span>}
        <Narrow what={`by ${who}`} act={narrow("actor", whole)}>
          {who}
        </Narrow>
      </Td>
      <Td>
        <Narrow what={action} act={narrow("action", action)}>
          {action}
        </Narrow>
      </Td>
      <Td grow title={target}>
        {target === "" ? UNKNOWN : (names.get(target) ?? target)}
      </Td>
      <Td>
        <Badge tone={TONES[entry.outcome]}>{entry.outcome}</Badge>
      </Td>
      <Td>{entry.tenant_id ?? <span className="text-muted">installation</span>}</Td>
      <Td mono>{entry.client_address ?? UNKNOWN}</Td>
    </Tr>
  );
}

/** A value that narrows the log to its like. */
function Narrow({ what, act, children }: { what: string; act: () => void; children: string }) {
  return (
    <button type="button" onClick={act} title={`Only ${what}`} className="hover:underline">
      {children}
    </button>
  );
}

function nameOf(actor: string, names: Map<string, string>): string {
  return names.get(actor) ?? (actor === ADMIN_KEY ? "of the settings" : id(actor));
}
