/** Calls of routes that the OpenAPI document does not have yet; the generated client takes their place when it has. */
import { refused, type Tagged } from "./client.ts";

interface Said {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
}

export async function send<T>(
  method: string,
  path: string,
  { query = {}, body, headers }: Said = {},
): Promise<Tagged<T>> {
  const url = new URL(path, window.location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.text().then(parsed);
  if (!response.ok) throw refused(answer, response);
  return { data: answer, etag: response.headers.get("etag") ?? "*" };
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    // No body, or the page of something that stands between.
    return undefined;
  }
}
