/** What differs between two JSON values, a line for each value in them. */

export interface Line {
  kind: "same" | "gone" | "new";
  /** Where in the value, such as `tenants[0].role`; empty for the value itself. */
  path: string;
  text: string;
}

/** The lines of both, those of the earlier value first; where there is none on a side, `null` stands for it. */
export function difference(before: unknown, after: unknown): Line[] {
  const [old, now] = [leaves(before), leaves(after)];
  const paths = [...old.keys(), ...[...now.keys()].filter((path) => !old.has(path))];
  return paths.flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was !== undefined && was === is) return [{ kind: "same", path, text: was }];
    const gone: Line[] = was === undefined ? [] : [{ kind: "gone", path, text: was }];
    return is === undefined ? gone : [...gone, { kind: "new", path, text: is }];
  });
}

/** Every value that holds no other, by its path. */
function leaves(value: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (one: unknown, path: string) => {
    const inside =
      typeof one !== "object" || one === null
        ? []
        : Array.isArray(one)
          ? one.map((each, at): [string, unknown] => [`${path}[${at}]`, each])
          : Object.entries(one).map(([name, each]): [string, unknown] => [path ? `${path}.${name}` : name, each]);
    if (inside.length === 0) found.set(path, JSON.stringify(one));
    for (const [to, each] of inside) walk(each, to);
  };
  if (value !== null && value !== undefined) walk(value, "");
  return found;
}
