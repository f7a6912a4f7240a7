/** The first request in the words of each client. */

export interface Snippet {
  id: string;
  name: string;
  text: (base: string) => string;
}

export const SNIPPETS: Snippet[] = [
  {
    id: "python",
    name: "Python",
    text: (base) => `from openai import OpenAI          # pip install openai

client = OpenAI(base_url="${base}/v1")
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`,
  },
  {
    id: "node",
    name: "Node",
    text: (base) => `import OpenAI from "openai";       // npm install openai

const client = new OpenAI({ baseURL: "${base}/v1" });
const answer = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);`,
  },
  {
    id: "curl",
    name: "curl",
    text: (base) => `curl ${base}/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}'`,
  },
];
