/**
 * Writes `src/api/generated` from the API's OpenAPI document: the types, and the filters that every list takes.
 * `npm run generate` writes, a test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const HERE = new URL("../src/api/generated/", import.meta.url);
const DOCUMENT = new URL("../../docs/reference/openapi.json", import.meta.url);
const HEAD = "// Generated from docs/reference/openapi.json by `npm run generate`; not edited by hand.\n\n";
/** Page and time are chosen elsewhere than in the filter bar. */
const NOT_FILTERS = ["limit", "after", "from", "until"];

interface Parameter {
  name: string;
  in: string;
  description?: string;
  schema: { type?: string; enum?: string[]; items?: unknown };
}

interface Document {
  paths: Record<string, { get?: { parameters?: Parameter[] } }>;
}

/** What the files should hold, by name. */
export async function generated(): Promise<Map<string, string>> {
  const text = readFileSync(DOCUMENT, "utf8");
  const types = astToString(await openapiTS(text));
  const document: Document = JSON.parse(text);
  return new Map([
    ["schema.ts", HEAD + types],
    ["filters.ts", HEAD + filters(document)],
  ]);
}

/** What they hold. */
export function kept(name: string): string {
  return readFileSync(new URL(name, HERE), "utf8");
}

function filters(document: Document): string {
  const parameters = document.paths["/api/v1/traces"]?.get?.parameters ?? [];
  const fields = parameters.filter((p) => p.in === "query" && !NOT_FILTERS.includes(p.name));
  const describe = (p: Parameter) =>
    `  { name: ${JSON.stringify(p.name)}, kind: "${kindOf(p)}", values: ${JSON.stringify(p.schema.enum ?? [])}, help: ${JSON.stringify(p.description ?? "")} },\n`;
  const read = (p: Parameter) => {
    const values = kindOf(p) === "choice" ? `, ${JSON.stringify(p.schema.enum)}` : "";
    return `  reader.${kindOf(p)}("${p.name}"${values}, (value) => {\n    filter.${p.name} = value;\n  });\n`;
  };
  return `import type { FilterField, Reader } from "../../lib/params.ts";
import type { operations } from "./schema.ts";

/** What narrows a list; the same for every resource. */
export type Filter = Omit<NonNullable<operations["list_traces"]["parameters"]["query"]>, "limit" | "after">;

/** Every filter but the time. */
export const FILTERS: (FilterField & { name: keyof Filter })[] = [
${fields.map(describe).join("")}];

/** Reads every filter but the time. */
export function readFilter(reader: Reader): Filter {
  const filter: Filter = {};
${fields.map(read).join("")}  return filter;
}
`;
}

function kindOf({ schema }: Parameter): FilterKind {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "array":
      return "several";
    case "integer":
      return "integer";
    case "number":
      return "number";
    default:
      return "text";
  }
}
type FilterKind = "text" | "number" | "integer" | "choice" | "several";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await generated()) writeFileSync(new URL(name, HERE), text);
}
