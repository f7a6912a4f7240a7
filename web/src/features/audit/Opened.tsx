/** One line of the log with all that it holds. */
import { difference, type Line } from "../../lib/difference.ts";
import { moment } from "../../lib/format.ts";
import { Fact, Facts } from "../../ui/Panel.tsx";
import type { Entry } from "./queries.ts";

const SIGNS: Record<Line["kind"], string> = { same: " ", gone: "−", new: "+" };
const READ: Record<Line["kind"], string> = { same: "as before", gone: "was", new: "is" };
const LOOKS: Record<Line["kind"], string> = {
  same: "text-muted",
  gone: "bg-bad-soft text-bad",
  new: "bg-accent-soft text-accent",
};

export function Opened({ entry }: { entry: Entry }) {
  const lines = difference(entry.before, entry.after);
  return (
    <div className="sticky left-3 grid max-w-[calc(100vw-4rem)] items-start gap-3 lg:grid-cols-2">
      <section aria-label="What changed" className="rounded border border-line bg-surface">
        {lines.length === 0 ? (
          <p className="p-3 text-xs text-muted">It changed nothing.</p>
        ) : (
          <ul className="py-1 font-mono text-xs">
            {lines.map(({ kind, path, text }) => (
              <li key={`${kind} ${path}`} className={`stranger px-3 ${LOOKS[kind]}`}>
                <span aria-hidden="true">{SIGNS[kind]} </span>
                <span className="sr-only">{READ[kind]} </span>
                {path === "" ? "" : `${path}: `}
                {text}
              </li>
            ))}
          </ul>
        )}
      </section>
      <Facts>
        <Fact name="At">{moment(entry.at)}</Fact>
        <Fact name="Actor">
          {entry.actor.kind} {entry.actor.id}
        </Fact>
        <Fact name="Target">{entry.target}</Fact>
        <Fact name="Line">
          {entry.seq} of the chain of {entry.tenant_id ?? "the installation"}
        </Fact>
        <Fact name="Id">{entry.id}</Fact>
        <Fact name="Hash">{entry.hash}</Fact>
        <Fact name="Hash before it">{entry.previous}</Fact>
      </Facts>
    </div>
  );
}
