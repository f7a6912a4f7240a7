// One call of the official Node clients: `node clients.mjs CASE BASE_URL MARK`, the result as JSON on standard output.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [, , name, url, mark] = process.argv;
const options = {
  apiKey: "sk-e2e-0000",
  maxRetries: 0,
  timeout: 20_000,
  defaultHeaders: { "X-LLMTrace-Session-ID": mark, "x-fake-id": mark },
};
const openai = new OpenAI({ baseURL: `${url}/v1`, ...options });
const anthropic = new Anthropic({ baseURL: url, ...options });

const messages = [{ role: "user", content: "Hello from Node" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
const chat = { model: "gpt-4o-mini", messages };
const message = { model: "claude-sonnet-4-5", max_tokens: 512, messages };

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return { name: error.constructor.name, status: error.status, body: error.error, type: error.type ?? null };
  }
  throw new Error("the call did not fail");
}

async function cancelled(open) {
  const slow = { headers: { "x-fake-chunks": "2000", "x-fake-delay-ms": "20" } };
  const stream = await open(slow);
  let seen = 0;
  for await (const _event of stream) {
    seen += 1;
    if (seen === 4) break; // Leaving the loop aborts the request.
  }
  return { seen };
}

const cases = {
  openai_chat: () => openai.chat.completions.create(chat),
  openai_stream: async () => collect(await openai.chat.completions.create({ ...chat, stream: true })),
  openai_stream_usage: async () =>
    collect(await openai.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } })),
  openai_tools: () => openai.chat.completions.stream({ ...chat, tools }).finalChatCompletion(),
  openai_embeddings: () => openai.embeddings.create({ model: "text-embedding-3-small", input: "Hello" }),
  openai_429: () => failure(() => openai.chat.completions.create({ ...chat, model: "error-429" })),
  openai_500: () => failure(() => openai.chat.completions.create({ ...chat, model: "error-500" })),
  openai_cancel: () => cancelled((o) => openai.chat.completions.create({ ...chat, stream: true }, o)),
  anthropic_message: () => anthropic.messages.create(message),
  anthropic_stream: async () => collect(await anthropic.messages.create({ ...message, stream: true })),
  anthropic_tools: () =>
    anthropic.messages.stream({ ...message, tools: [{ name: "get_weather", input_schema: parameters }] }).finalMessage(),
  anthropic_count: () => anthropic.messages.countTokens({ model: message.model, messages }),
  anthropic_429: () => failure(() => anthropic.messages.create({ ...message, model: "error-429" })),
  anthropic_500: () => failure(() => anthropic.messages.create({ ...message, model: "error-500" })),
  anthropic_cancel: () => cancelled((o) => anthropic.messages.create({ ...message, stream: true }, o)),
};

console.log(JSON.stringify(await cases[name]()));
