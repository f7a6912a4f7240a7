import { expect, test } from "vitest";
import { isolated } from "./series.ts";

test("a value without a neighbour is found, at the ends too", () => {
  expect(isolated([1, null, 2, 3, null, 0])).toEqual([0, 5]);
  expect(isolated([null, undefined, 7])).toEqual([2]);
  expect(isolated([1, 2])).toEqual([]);
  expect(isolated([])).toEqual([]);
});
