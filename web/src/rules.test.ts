/** Rules of the house that no linter has. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { expect, it } from "vitest";

const SRC = import.meta.dirname;
const DIST = join(SRC, "../dist");
/** `cargo build` leaves an empty folder where nothing was built. */
const BUILT = existsSync(join(DIST, "index.html"));
/** All scripts of the dashboard, packed. */
const BUDGET = 200_000;

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes("generated"))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), "utf8") }));
const product = files.filter((file) => !file.name.endsWith(".test.ts"));

it("files are found", () => expect(product.length).toBeGreaterThan(20));

it("no type is asserted or given up, and no prompt becomes markup", () => {
  for (const { name, text } of product) {
    const walk = (node: ts.Node) => {
      const isConst = ts.isAsExpression(node) && node.type.getText() === "const";
      const isCheat = ts.isAsExpression(node) || ts.isTypeAssertionExpression(node) || ts.isNonNullExpression(node);
      if ((isCheat && !isConst) || node.kind === ts.SyntaxKind.AnyKeyword) expect.fail(`${name}: ${node.getText()}`);
      ts.forEachChild(node, walk);
    };
    walk(
      ts.createSourceFile(
        name,
        text,
        ts.ScriptTarget.Latest,
        true,
        name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
      ),
    );
    expect(text, name).not.toMatch(/dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|@ts-/);
  }
});

it("components are short", () => {
  for (const { name, text } of product) expect(text.split("\n").length, name).toBeLessThanOrEqual(150);
});

it("features know no other feature, and ui knows no API", () => {
  for (const { name, text } of product) {
    const own = /^features\/([^/]+)\//.exec(name)?.[1];
    for (const [, to = ""] of text.matchAll(/from "([^"]+)"/g)) {
      const target = to.startsWith(".") ? join(name, "..", to) : to;
      const feature = /^features\/([^/]+)\//.exec(target)?.[1];
      if (own) expect(feature ?? own, `${name} → ${to}`).toBe(own);
      if (name.startsWith("ui/")) expect(target, name).not.toMatch(/^(?:api|features|app)\//);
      if (name.startsWith("lib/")) expect(target, name).not.toMatch(/^(?:api|features|app|ui)\//);
    }
  }
});

it.skipIf(!BUILT)("all scripts of the build weigh at most 200 kB", () => {
  const scripts = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  const weight = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length, 0);
  expect(scripts.length).toBeGreaterThan(0);
  expect(weight).toBeLessThanOrEqual(BUDGET);
});

it.skipIf(!BUILT)("the page of the build has nothing inline", () => {
  const page = readFileSync(join(DIST, "index.html"), "utf8");
  expect(page).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/);
});
