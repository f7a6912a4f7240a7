// One call of the Vercel AI SDK: `node clients.mjs CASE BASE_URL MARK`, the result as JSON on standard output.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";

const [, , name, url, mark] = process.argv;
const headers = { "X-LLMTrace-Session-ID": mark, "x-fake-id": mark };
const apiKey = "sk-e2e-0000";
const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey, headers });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey, headers });
const google = createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey, headers });
const models = {
  chat: () => openai.chat("gpt-4o-mini"),
  anthropic: () => anthropic("claude-sonnet-4-5"),
  google: () => google("gemini-2.5-flash"),
};
const [provider, way] = name.split("_");
const asked = { model: models[provider](), prompt: "Hello from Node", maxOutputTokens: 200, maxRetries: 0 };

async function run() {
  if (way === "stream") {
    const pieces = [];
    const result = streamText({ ...asked, onError: ({ error }) => Promise.reject(error) });
    for await (const piece of result.textStream) pieces.push(piece);
    return { pieces, usage: await result.usage, finish: await result.finishReason };
  }
  const weather = tool({ description: "The weather", inputSchema: z.object({ city: z.string() }) });
  const tools = way === "tools" ? { tools: { get_weather: weather } } : {};
  const { text, toolCalls, usage, finishReason } = await generateText({ ...asked, ...tools });
  return { text, calls: toolCalls.map(({ toolName, input }) => ({ toolName, input })), usage, finish: finishReason };
}

console.log(JSON.stringify(await run()));
