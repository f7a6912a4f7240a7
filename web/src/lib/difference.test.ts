import { expect, it } from "vitest";
import { difference, type Line } from "./difference.ts";

const shown = (lines: Line[]) =>
  lines.map(({ kind, path, text }) => `${{ same: " ", gone: "-", new: "+" }[kind]} ${path}: ${text}`);

it("a change is what was and what is, beside what stays", () => {
  const before = { name: "ci", expires_at: null, tenants: [{ tenant_id: "a", role: "viewer" }] };
  const after = { name: "ci", expires_at: "2026-01-01T00:00:00Z", tenants: [{ tenant_id: "a", role: "admin" }] };
  expect(shown(difference(before, after))).toEqual([
    '  name: "ci"',
    "- expires_at: null",
    '+ expires_at: "2026-01-01T00:00:00Z"',
    '  tenants[0].tenant_id: "a"',
    '- tenants[0].role: "viewer"',
    '+ tenants[0].role: "admin"',
  ]);
});

it("what is made is all new, what is removed all gone", () => {
  expect(shown(difference(null, { a: 1, b: [] }))).toEqual(["+ a: 1", "+ b: []"]);
  expect(shown(difference({ a: { b: {} } }, null))).toEqual(["- a.b: {}"]);
  expect(difference(null, null)).toEqual([]);
  expect(difference(undefined, undefined)).toEqual([]);
});

it("what is longer or shorter differs where it does", () => {
  expect(shown(difference(["a", "b"], ["a"]))).toEqual(['  [0]: "a"', '- [1]: "b"']);
  expect(shown(difference({ a: 1 }, { a: { b: 1 } }))).toEqual(["- a: 1", "+ a.b: 1"]);
  expect(shown(difference("one", "two"))).toEqual(['- : "one"', '+ : "two"']);
});

it("text that is no text of ours stays as it is", () => {
  expect(difference(null, { "<b>": "</script>\u202e" })).toEqual([
    { kind: "new", path: "<b>", text: '"</script>\u202e"' },
  ]);
  expect(difference({ __proto__: null, constructor: 1 }, { constructor: 1 })).toEqual([
    { kind: "same", path: "constructor", text: "1" },
  ]);
});
