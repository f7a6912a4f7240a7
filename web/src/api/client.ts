/** The one client of the API, and what becomes of its answers: data, or an error that says what the server said. */
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./generated/schema.ts";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type QueryOf<O extends keyof operations> = NonNullable<operations[O]["parameters"]["query"]>;

export const api = createClient<paths>({ baseUrl: "/", querySerializer: { array: { style: "form", explode: true } } });

/** The server refused, or failed; `message` is its own words. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; throws what is no success. */
export async function take<T>(call: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (data !== undefined) return data;
  throw new ApiError(response.status, isProblem(error) ? worded(error) : `the server answered ${response.status}`);
}

function worded(problem: Problem): string {
  return problem.expected ? `${problem.detail}; expected: ${problem.expected}` : problem.detail;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "detail" in value && typeof value.detail === "string";
}
