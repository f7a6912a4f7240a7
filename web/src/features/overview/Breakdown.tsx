/** The largest groups of a dimension, each a link to its traces. */
import type { UseQueryResult } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { change, count, duration, money, percent, short } from "../../lib/format.ts";
import { address, withParam } from "../../lib/params.ts";
import { Change } from "../../ui/Change.tsx";
import { Link } from "../../ui/Link.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { QueryView } from "../../ui/QueryView.tsx";
import { Table, Td, Th, Tr } from "../../ui/Table.tsx";
import type { Group, Measures, Stats } from "./queries.ts";

interface Props {
  query: UseQueryResult<Stats>;
  by: "model" | "agent_id";
  title: string;
  /** What the group of spans without a value is called. */
  none: string;
}

export function Breakdown({ query, by, title, none }: Props) {
  return (
    <Panel
      title={title}
      aside={<span className="text-2xs text-faint">most expensive first, against the period before</span>}
    >
      <QueryView query={query} isEmpty={(stats) => stats.groups.length === 0} empty="Nothing in this time.">
        {(stats) => <Groups stats={stats} by={by} title={title} none={none} />}
      </QueryView>
    </Panel>
  );
}

function Groups({ stats, by, title, none }: Omit<Props, "query"> & { stats: Stats }) {
  const all = Number(stats.total.cost_usd);
  return (
    <Table label={title}>
      <thead>
        <tr>
          <Th>{by === "model" ? "Model" : "Agent"}</Th>
          <Th end>Cost</Th>
          <Th end>Change</Th>
          <Th end>Requests</Th>
          <Th end>Errors</Th>
          <Th end>Tokens</Th>
          <Th end>p95</Th>
        </tr>
      </thead>
      <tbody>
        {stats.groups.map((group) => (
          <One key={group.key[by] ?? ""} group={group} by={by} none={none} all={all} />
        ))}
        {stats.rest && (
          <Tr>
            <Td grow>
              <span className="text-muted">{count(stats.groups_left_out)} others</span>
            </Td>
            <Numbers of={stats.rest} />
          </Tr>
        )}
      </tbody>
    </Table>
  );
}

function One({ group, by, none, all }: { group: Group; by: Props["by"]; none: string; all: number }) {
  const [params] = useSearchParams();
  const name = group.key[by] ?? null;
  const share = all > 0 ? Number(group.total.cost_usd) / all : 0;
  return (
    <Tr>
      <Td grow title={name ?? undefined}>
        {name === null ? (
          <span className="text-muted">{none}</span>
        ) : (
          <Link className="row-link" to={address("/traces", withParam(params, by, name))}>
            {name}
          </Link>
        )}
        <span className="mt-0.5 block h-0.5 rounded bg-s1" aria-hidden="true" style={{ width: `${share * 100}%` }} />
      </Td>
      <Numbers of={group.total} before={group.previous} />
    </Tr>
  );
}

function Numbers({ of, before }: { of: Measures; before?: Measures | null | undefined }) {
  const spent = before ? change(Number(of.cost_usd), Number(before.cost_usd)) : null;
  return (
    <>
      <Td
        end
        title={`${of.cost_usd} USD${of.unpriced_requests > 0 ? `; ${count(of.unpriced_requests)} requests have no price` : ""}`}
      >
        {money(of.cost_usd)}
      </Td>
      <Td end>
        <Change share={spent} wanted="less" />
      </Td>
      <Td end>{count(of.requests)}</Td>
      <Td end>
        {of.errors > 0 ? (
          <span className="text-bad">{percent(of.error_rate)}</span>
        ) : (
          <span className="text-faint">0 %</span>
        )}
      </Td>
      <Td end>{short(of.usage.total)}</Td>
      <Td end>{duration(of.duration_ms?.p95)}</Td>
    </>
  );
}
