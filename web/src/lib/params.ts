/** Reads values out of an address. A value that is not one is told, never dropped: a list without its filter shows everything. */

/** A filter as the filter bar shows it. */
export interface FilterField {
  name: string;
  kind: "text" | "number" | "integer" | "choice" | "several";
  values: string[];
  help: string;
}

export interface Wrong {
  name: string;
  value: string;
  expected: string;
}

export class Reader {
  readonly wrong: Wrong[] = [];
  readonly params: URLSearchParams;

  constructor(params: URLSearchParams) {
    this.params = params;
  }

  text(name: string, take: (value: string) => void) {
    const value = this.params.get(name);
    if (value) take(value);
  }

  number(name: string, take: (value: number) => void) {
    this.parse(name, "a number", Number.isFinite, take);
  }

  integer(name: string, take: (value: number) => void) {
    this.parse(name, "a whole number", Number.isSafeInteger, take);
  }

  choice<const T extends string>(name: string, values: readonly T[], take: (value: T) => void) {
    const value = this.params.get(name);
    if (!value) return;
    const known = values.find((one) => one === value);
    if (known === undefined) this.wrong.push({ name, value, expected: `one of ${values.join(", ")}` });
    else take(known);
  }

  several(name: string, take: (values: string[]) => void) {
    const values = this.params.getAll(name).filter((value) => value !== "");
    if (values.length > 0) take(values);
  }

  private parse(name: string, expected: string, fits: (value: number) => boolean, take: (value: number) => void) {
    const value = this.params.get(name);
    if (!value) return;
    const number = Number(value);
    if (value.trim() === "" || !fits(number)) this.wrong.push({ name, value, expected });
    else take(number);
  }
}

/** A copy of `params` in which `name` is `value`, or gone; a page within the old list means nothing in the new one. */
export function withParam(params: URLSearchParams, name: string, value: string | null): URLSearchParams {
  const next = new URLSearchParams(params);
  next.delete("after");
  if (value === null || value === "") next.delete(name);
  else next.set(name, value);
  return next;
}

/** A copy without one of the values of `name`. */
export function withoutValue(params: URLSearchParams, name: string, value: string): URLSearchParams {
  const next = new URLSearchParams(params);
  next.delete("after");
  next.delete(name, value);
  return next;
}

/** A copy with one more value of `name`. */
export function withValue(params: URLSearchParams, name: string, value: string): URLSearchParams {
  const next = withoutValue(params, name, value);
  next.append(name, value);
  return next;
}

/** An address: the path, and the parameters if there are any. */
export function address(path: string, params: URLSearchParams): string {
  const query = params.toString();
  return query ? `${path}?${query}` : path;
}

/** A link with the tenant of the page that it stands on, unless it names one itself. */
export function withTenant(to: string, page: URLSearchParams): string {
  const [path = "", query = ""] = to.split("?", 2);
  const [params, tenant] = [new URLSearchParams(query), page.get("tenant_id")];
  if (tenant && !params.has("tenant_id")) params.set("tenant_id", tenant);
  return address(path, params);
}
