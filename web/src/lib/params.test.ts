import { expect, it } from "vitest";
import { FILTERS, readFilter } from "../api/generated/filters.ts";
import { address, Reader, withoutValue, withParam, withTenant, withValue } from "./params.ts";

function read(query: string) {
  const reader = new Reader(new URLSearchParams(query));
  return { filter: readFilter(reader), wrong: reader.wrong };
}

it("an empty address filters nothing", () => {
  expect(read("")).toEqual({ filter: {}, wrong: [] });
  expect(read("model=&status=&range=7d&after=x&live=on")).toEqual({ filter: {}, wrong: [] });
});

it("every filter of the API is read", () => {
  for (const field of FILTERS) {
    const value = field.values[0] ?? (field.kind === "text" || field.kind === "several" ? "some text" : "3");
    const { filter, wrong } = read(new URLSearchParams({ [field.name]: value }).toString());
    expect(Object.keys(filter), field.name).toEqual([field.name]);
    expect(wrong).toEqual([]);
  }
});

it("text is taken as it is", () => {
  const hostile = `</script><img src=x onerror=alert(1)> "é" \u202e`;
  expect(read(new URLSearchParams({ session_id: hostile }).toString()).filter).toEqual({ session_id: hostile });
});

it("a wrong value is told and not applied", () => {
  const { filter, wrong } = read("status=fine&model=m");
  expect(filter).toEqual({ model: "m" });
  expect(wrong).toEqual([{ name: "status", value: "fine", expected: "one of ok, error" }]);
});

it("numbers are numbers", () => {
  const reader = new Reader(new URLSearchParams("a=1.5&b=1.5&c=x&d=-0&e=Infinity&f=%20"));
  const taken: unknown[] = [];
  reader.number("a", (value) => taken.push(value));
  reader.integer("b", (value) => taken.push(value));
  reader.number("c", (value) => taken.push(value));
  reader.number("e", (value) => taken.push(value));
  reader.number("f", (value) => taken.push(value));
  expect(taken).toEqual([1.5]);
  expect(reader.wrong.map((it) => it.name)).toEqual(["b", "c", "e", "f"]);
});

it("changing a filter leaves the page of the old list", () => {
  const params = new URLSearchParams("model=m&after=cursor&tag=a&tag=b");
  expect(withParam(params, "model", null).toString()).toBe("tag=a&tag=b");
  expect(withoutValue(params, "tag", "a").toString()).toBe("model=m&tag=b");
  expect(withValue(params, "tag", "b").getAll("tag")).toEqual(["a", "b"]);
  expect(params.get("after"), "the original stays").toBe("cursor");
  expect(address("/traces", new URLSearchParams())).toBe("/traces");
  expect(address("/traces", withParam(params, "q", "a b&c"))).toContain("q=a+b%26c");
});

it("links keep the tenant of their page", () => {
  const page = new URLSearchParams("tenant_id=a&model=m");
  expect(withTenant("/traces", page)).toBe("/traces?tenant_id=a");
  expect(withTenant("/traces/1?span=2", page)).toBe("/traces/1?span=2&tenant_id=a");
  expect(withTenant("/traces?tenant_id=b", page)).toBe("/traces?tenant_id=b");
  expect(withTenant("/?range=1h", new URLSearchParams("model=m"))).toBe("/?range=1h");
});
