// Walks through the dashboard: node walks.mjs WALK '{"url": …, "folder": …, …}'. Ends with 0 where everything held.
import assert from "node:assert/strict";
import { accessWalks } from "./access.mjs";
import { accessible, becomes, settles, withPage } from "./browser.mjs";

const [walk, given] = process.argv.slice(2);
const options = JSON.parse(given);

/** Sends one chat through the proxy. */
async function chat(text, headers = {}) {
  const answer = await fetch(`${options.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: text }] }),
  });
  await answer.text();
}

const WALKS = {
  /** An empty proxy shows how to send, and turns by itself. */
  async first_run(page, { shot }) {
    await page.goto("/dashboard");
    await page.getByRole("heading", { name: "Send the first request" }).waitFor();
    const panel = page.getByRole("tabpanel");
    await becomes(panel, new RegExp(`base_url="${options.url}/v1"`));
    await page.getByRole("tab", { name: "Python" }).focus();
    await page.keyboard.press("ArrowRight");
    await becomes(panel, /new OpenAI\(/);
    await page.keyboard.press("ArrowRight");
    await becomes(panel, new RegExp(`curl ${options.url}/v1/chat/completions`));
    await shot("first-run");
    await accessible(page);
    await chat("the first request");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await becomes(page.getByRole("table", { name: "By model" }), /gpt-4o-mini/);
  },

  /** The overview shows what the API counts, and leads to the traces of a model. */
  async overview(page, { shot }) {
    await page.goto("/dashboard?range=1h");
    const requests = page.locator("section", { has: page.getByRole("heading", { name: "Requests" }) });
    await becomes(requests, new RegExp(`\\b${options.requests}\\b`));
    for (const name of ["Spend", "Error rate", "Duration, p50 and p95", "Time to first token, p50 and p95", "Tokens"]) {
      await page.getByRole("heading", { name }).waitFor();
    }
    await settles(() => page.locator("canvas").count(), 6);
    await becomes(page.getByRole("table", { name: "By agent" }), /support-bot/);
    await accessible(page);
    await shot("overview-light");
    const theme = page.getByRole("button", { name: /^Theme/ });
    await theme.click();
    await theme.click();
    await page.locator('html[data-theme="dark"]').waitFor();
    await accessible(page);
    await shot("overview-dark");
    await page.reload();
    await settles(() => page.locator("html").getAttribute("data-theme"), "dark", "the choice is remembered");
    await page.getByRole("button", { name: "7d" }).click();
    await page.waitForURL(/range=7d/);
    await page.getByRole("table", { name: "By model" }).getByRole("link", { name: "claude-sonnet-4-5" }).click();
    await page.waitForURL(/\/traces\?.*model=claude-sonnet-4-5/);
    await becomes(page.getByRole("table", { name: /^Traces/ }), /claude-sonnet-4-5/);
    assert.doesNotMatch(await page.getByRole("table", { name: /^Traces/ }).innerText(), /gpt-4o/);
  },

  /** Filters live in the address; keys move, open and search. */
  async traces(page, { shot }) {
    await page.goto("/dashboard/traces");
    const table = page.getByRole("table", { name: /^Traces/ });
    await table.waitFor();
    await shot("traces-light");
    await accessible(page);
    const rows = page.locator("[data-row]");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await settles(() => rows.first().evaluate((row) => row === document.activeElement), true);
    const first = await rows.first().getAttribute("href");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${first}`);
    await page.goBack();
    await page.getByRole("button", { name: "Errors only" }).click();
    await page.waitForURL(/status=error/);
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByLabel("Filter by").selectOption({ label: "HTTP status" });
    await page.getByLabel("Value").fill("429");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/http_status=429/);
    await becomes(page.locator("tbody"), /^(?=[\s\S]*gpt-4o)(?![\s\S]*claude)/);
    await page.getByRole("button", { name: "Remove HTTP status 429" }).click();
    await page.getByRole("button", { name: "Remove status error" }).click();
    await page.waitForURL((url) => url.search === "");
    await page.keyboard.press("Escape");
    await page.locator("body").click({ position: { x: 640, y: 5 } });
    await page.keyboard.press("/");
    await page.keyboard.type("zephyr");
    await page.keyboard.press("Enter");
    await page.waitForURL(/text=zephyr/);
    await becomes(page.locator("tbody"), /search-me/);
    await settles(() => rows.count(), 1);
    await page.goto("/dashboard/traces?status=fine");
    await becomes(page.getByRole("alert"), /status=fine is not one of ok, error/);
    await page.goto("/dashboard/traces?model=nobody");
    await page.getByText("No trace matches.").waitFor();
    await page.goto("/dashboard/traces?agent_id=bulk");
    await table.waitFor();
    await settles(() => rows.count(), 50);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/after=/);
    await page.getByRole("link", { name: "Newest" }).waitFor();
    await becomes(page.locator("main"), /Newest/);
    await settles(() => rows.count(), options.bulk - 50);
    await page.goto("/dashboard/nowhere");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  },

  /** A trace of several spans: the waterfall, the chat in all its parts, raw bytes, usage and cost. */
  async trace(page, { shot, forgive }) {
    await page.goto(`/dashboard/traces/${options.trace}`);
    const spans = page.getByRole("region", { name: "Spans" });
    await spans.waitFor();
    await settles(() => spans.getByRole("button").count(), options.spans);
    await shot("trace-light");
    await accessible(page);
    for (const [name, texts] of options.expected) {
      const row = spans.getByRole("button", { name: new RegExp(name) }).first();
      await row.click();
      await settles(() => row.getAttribute("aria-pressed"), "true");
      const shown = await page.locator("main").innerText();
      for (const text of texts) assert.ok(shown.includes(text), `${name}: ${text} is not in\n${shown}`);
    }
    await spans.getByRole("button").first().click();
    await becomes(page.locator("section", { has: page.getByRole("heading", { name: "Usage and cost" }) }), /Input\s+\d+\s+\$[\s\S]*Total/);
    await page.getByRole("tab", { name: "Raw bytes" }).click();
    await page.waitForURL(/tab=raw/);
    await becomes(page.getByRole("tabpanel"), /"messages"[\s\S]*"choices"/);
    await shot("trace-raw");
    await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
    await page.getByRole("tab", { name: "Conversation" }).click();
    await accessible(page);
    await shot("trace-dark");
    await page.goto("/dashboard/traces/00000000000000000000000000000bad");
    await page.getByRole("alert").waitFor();
    forgive(/status of 404/);
  },

  /** Strangers' text is text, whatever it holds. */
  async hostile(page, { shot, calm }) {
    await page.goto("/dashboard/traces?agent_id=hostile");
    await page.getByRole("table", { name: /^Traces/ }).waitFor();
    await shot("hostile-list");
    await calm();
    await page.goto(`/dashboard/traces/${options.trace}`);
    await page.getByRole("region", { name: "Spans" }).waitFor();
    const shown = await page.locator("main").evaluate((main) => main.textContent);
    for (const text of options.texts) assert.ok(shown.includes(text), `not shown as text: ${text.slice(0, 80)}`);
    await shot("hostile-trace");
    await calm();
    await page.getByRole("tab", { name: "Raw bytes" }).click();
    await becomes(page.getByRole("tabpanel"), /onerror/);
    await calm();
    await page.goto("/dashboard?agent_id=hostile&range=1h");
    await page.getByRole("table", { name: "By model" }).waitFor();
  },

  /** The switch opens the tail; what is sent then shows up, filtered. */
  async live(page, { shot }) {
    await page.goto("/dashboard/traces?agent_id=watched");
    await page.getByRole("switch", { name: "Live" }).click();
    await page.waitForURL(/live=on/);
    await becomes(page.getByRole("status"), /^Live/);
    await chat("not watched");
    await chat("watched", { "X-LLMTrace-Agent-ID": "watched", "X-LLMTrace-Session-ID": "live-session" });
    await becomes(page.locator("tbody"), /live-session/);
    await settles(() => page.locator("tbody tr").count(), 1);
    await shot("live");
    await accessible(page);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Spans" }).waitFor();
  },
};

await withPage(options, { ...WALKS, ...accessWalks(options) }[walk]);
