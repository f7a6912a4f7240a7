/** Tokens of a span by bucket, and what each cost where the prices of today are the recorded ones. */
import { useQuery } from "@tanstack/react-query";
import { count, money, UNKNOWN } from "../../lib/format.ts";
import { costByBucket } from "../../lib/money.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { priceQuery, type SpanDetail, type Usage } from "./queries.ts";

const BUCKETS: Record<Exclude<keyof Usage, "total">, string> = {
  input: "Input",
  cache_read: "Cache read",
  cache_write_5m: "Cache write 5 min",
  cache_write_1h: "Cache write 1 h",
  output: "Output",
  reasoning: "Reasoning",
  audio_input: "Audio input",
  audio_cache_read: "Audio cache read",
  audio_output: "Audio output",
  image_input: "Image input",
  image_cache_read: "Image cache read",
  image_output: "Image output",
};

export function Cost({ span }: { span: SpanDetail }) {
  const price = useQuery({ ...priceQuery(span), enabled: span.usage !== null && span.cost_usd !== null });
  const { usage, cost_usd: cost } = span;
  const costs =
    usage && cost && price.data ? costByBucket({ ...usage }, price.data.usd_per_million_tokens, cost) : null;
  const buckets = Object.entries(BUCKETS).flatMap(([bucket, name]) => {
    const tokens = tokensOf(usage, bucket);
    return tokens > 0 ? [{ bucket, name, tokens }] : [];
  });
  return (
    <Panel title="Usage and cost" aside={span.usage_source === "estimated" && <Badge tone="warn">estimated</Badge>}>
      <table className="w-full text-xs">
        <thead className="sr-only">
          <tr>
            <th>Bucket</th>
            <th>Tokens</th>
            <th>Cost</th>
          </tr>
        </thead>
        <tbody>
          {buckets.map(({ bucket, name, tokens }) => (
            <Row key={bucket} name={name} amount={count(tokens)} cost={costs ? money(costs.get(bucket)) : ""} />
          ))}
          {Object.entries(span.units).map(([unit, n]) => (
            <Row key={unit} name={unit.replaceAll("_", " ")} amount={count(n)} cost="" />
          ))}
          <tr className="border-t border-line font-semibold">
            <th scope="row" className="px-3 py-1.5 font-semibold">
              Total
            </th>
            <td className="px-1 text-right">{usage ? count(usage.total) : UNKNOWN}</td>
            <td className="px-3 text-right" title={cost === null ? undefined : `${cost} USD`}>
              {money(cost)}
            </td>
          </tr>
        </tbody>
      </table>
      <p className="stranger px-3 pb-2 text-2xs text-faint">
        {usage === null && "Nobody reported how many tokens this took. "}
        {cost === null ? "No price applies." : `Prices: ${span.price_version ?? UNKNOWN}`}
      </p>
    </Panel>
  );
}

function tokensOf(usage: Usage | null, bucket: string): number {
  return Object.entries(usage ?? {}).find(([name]) => name === bucket)?.[1] ?? 0;
}

function Row({ name, amount, cost }: { name: string; amount: string; cost: string }) {
  return (
    <tr>
      <th scope="row" className="px-3 py-0.5 font-normal text-muted">
        {name}
      </th>
      <td className="px-1 text-right">{amount}</td>
      <td className="w-24 px-3 text-right text-muted">{cost}</td>
    </tr>
  );
}
