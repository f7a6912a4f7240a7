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
  /** The last word of the problem's type, such as `changed-meanwhile`; empty where the answer was no problem. */
  readonly word: string;

  constructor(status: number, message: string, word = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.word = word;
  }
}

/** Nobody knows who asks: a login is needed, or is over. */
export function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Somebody else changed the same thing since it was read. */
export function isChanged(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
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
  throw refused(error, response);
}

/** Data, and the version that a change of it names. */
export interface Tagged<T> {
  data: T;
  etag: string;
}

/** The data of an answer with its `ETag`. */
export async function takeTagged<T>(call: Promise<Answered<T>>): Promise<Tagged<T>> {
  const answered = await call;
  return { data: await take(Promise.resolve(answered)), etag: answered.response.headers.get("etag") ?? "*" };
}

/** Waits for an answer without a body. */
export async function done(call: Promise<Answered<unknown>>): Promise<void> {
  const { error, response } = await call;
  if (!response.ok) throw refused(error, response);
}

/** What became of a request that was no success. */
export function refused(error: unknown, { status }: Response): ApiError {
  if (!isProblem(error)) return new ApiError(status, `the server answered ${status}`);
  return new ApiError(status, worded(error), error.type.split(":").at(-1));
}

function worded(problem: Problem): string {
  return problem.expected ? `${problem.detail}; expected: ${problem.expected}` : problem.detail;
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "detail" in value &&
    typeof value.detail === "string" &&
    "type" in value &&
    typeof value.type === "string"
  );
}
