import { expect, it } from "vitest";
import { generated, kept } from "../../tools/generate.ts";

it("the generated files are those of docs/reference/openapi.json (else: npm run generate)", async () => {
  for (const [name, text] of await generated()) expect(kept(name) === text, name).toBe(true);
});
