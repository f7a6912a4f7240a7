import { expect, it } from "vitest";
import { ApiError } from "../../api/client.ts";
import { cameBack, refusal } from "./words.ts";

it("each refusal has words of its own", () => {
  const said = [401, 429, 503].map((status) => refusal(new ApiError(status, "x"), "key"));
  expect(new Set(said).size).toBe(3);
  expect(refusal(new ApiError(401, "x"), "password")).not.toBe(said[0]);
  expect(refusal(new ApiError(400, "found nothing"), "key")).toBe("found nothing.");
  expect(refusal(new TypeError("Failed to fetch"), "key")).toMatch(/cannot be reached/);
});

it("a word of the address is looked up, never shown", () => {
  expect(cameBack(null)).toBeNull();
  expect(cameBack("disabled")).toMatch(/the account is disabled/);
  for (const word of ["<b>", "constructor", "__proto__", ""]) {
    expect(cameBack(word)).toBe("The login did not work. Try again, or ask who runs this installation.");
  }
});
