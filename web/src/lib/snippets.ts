/** A request through the proxy in the words of each client. */

export interface Snippet {
  id: string;
  name: string;
  /** `token` is the LLMTrace key that goes along, null where none is asked for. */
  text: (base: string, token: string | null) => string;
}

export const SNIPPETS: Snippet[] = [
  {
    id: "python",
    name: "Python",
    text: (base, token) => `from openai import OpenAI          # pip install openai

client = OpenAI(
    base_url="${base}/v1",${token === null ? "" : `\n    default_headers={"X-LLMTrace-Token": "${token}"},`}
)
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`,
  },
  {
    id: "node",
    name: "Node",
    text: (base, token) => `import OpenAI from "openai";       // npm install openai

const client = new OpenAI({
  baseURL: "${base}/v1",${token === null ? "" : `\n  defaultHeaders: { "X-LLMTrace-Token": "${token}" },`}
});
const answer = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);`,
  },
  {
    id: "curl",
    name: "curl",
    text: (base, token) => `curl ${base}/v1/chat/completions \\
${token === null ? "" : `  -H "X-LLMTrace-Token: ${token}" \\\n`}  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}'`,
  },
];
