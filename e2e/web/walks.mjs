// Walks through the dashboard: node walks.mjs WALK '{"url": …, "folder": …, …}'. Ends with 0 where everything held.
import assert from "node:assert/strict";
import { accessible, becomes, withPage } from "./browser.mjs";

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
    assert.match(await panel.innerText(), new RegExp(`base_url="${options.url}/v1"`));
    await page.getByRole("tab", { name: "Python" }).focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await panel.innerText(), /new OpenAI\(/);
    await page.keyboard.press("ArrowRight");
    assert.match(await panel.innerText(), new RegExp(`curl ${options.url}/v1/chat/completions`));
    await shot("first-run");
    await accessible(page);
    await chat("the first request");
    await page.getByRole("heading", { name: "Traces" }).waitFor();
    await becomes(page.getByRole("table", { name: /^Traces/ }), /gpt-4o-mini/);
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
    assert.equal(await rows.first().evaluate((row) => row === document.activeElement), true);
    const first = await rows.first().getAttribute("href");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${first}`);
    await page.goBack();
    await page.getByRole("button", { name: "Errors only" }).click();
    await page.waitForURL(/status=error/);
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByLabel("Filter by").selectOption({ label: "provider" });
    await page.getByLabel("Value").fill("openai");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/provider=openai/);
    await becomes(page.locator("tbody"), /^(?=[\s\S]*gpt-4o)(?![\s\S]*claude)/);
    await page.getByRole("button", { name: "Remove provider openai" }).click();
    await page.getByRole("button", { name: "Remove status error" }).click();
    await page.waitForURL((url) => url.search === "");
    await page.goto("/dashboard/traces?status=fine");
    await becomes(page.getByRole("alert"), /status=fine is not one of ok, error/);
    await page.goto("/dashboard/traces?model=nobody");
    await page.getByText("No trace matches.").waitFor();
    await page.goto("/dashboard/traces?agent_id=bulk");
    await table.waitFor();
    assert.equal(await rows.count(), 50);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/after=/);
    await page.getByRole("link", { name: "Newest" }).waitFor();
    await becomes(page.locator("main"), /Newest/);
    assert.equal(await rows.count(), options.bulk - 50);
    await page.goto("/dashboard/nowhere");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  },

  /** A trace of several spans: the waterfall, the chat in all its parts, raw bytes, usage and cost. */
  async trace(page, { shot, forgive }) {
    await page.goto(`/dashboard/traces/${options.trace}`);
    const spans = page.getByRole("region", { name: "Spans" });
    await spans.waitFor();
    assert.equal(await spans.getByRole("button").count(), options.spans);
    await shot("trace-light");
    await accessible(page);
    for (const [name, texts] of options.expected) {
      const row = spans.getByRole("button", { name: new RegExp(name) }).first();
      await row.click();
      assert.equal(await row.getAttribute("aria-pressed"), "true");
      const shown = await page.locator("main").innerText();
      for (const text of texts) assert.ok(shown.includes(text), `${name}: ${text} is not in\n${shown}`);
    }
    await spans.getByRole("button").first().click();
    await becomes(page.locator("section", { has: page.getByRole("heading", { name: "Usage and cost" }) }), /Input\s+\d+\s+\$[\s\S]*Total/);
    await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
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
  },
};

await withPage(options, WALKS[walk]);
