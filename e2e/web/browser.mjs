// A browser on the dashboard, and what must hold on every page of it: nothing breaks the policy, nothing opens a dialog,
// nothing fails in the console, nothing of a stranger runs.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const packages = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = packages("playwright-core");
const AXE = packages("axe-core").source;

const ARGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
/** How long a page may take to show what it should. */
const PATIENCE = 10_000;

/** Opens a browser, calls back, closes it, and fails where a page did what none may. */
export async function withPage({ url, folder }, walk) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS.split(" ") });
  const troubles = [];
  try {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    const page = await context.newPage();
    page.on("dialog", (dialog) => (troubles.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
    page.on("console", (line) => line.type() === "error" && troubles.push(`console: ${line.text()}`));
    page.on("request", (request) => new URL(request.url()).origin !== url && !request.url().startsWith("data:") && troubles.push(`asked elsewhere: ${request.url()}`));
    const shot = (name) => page.screenshot({ path: join(folder, `${name}.png`) });
    // What a walk brings about on purpose, and must have come.
    const forgive = (pattern) => {
      const [expected, others] = [troubles.filter((it) => pattern.test(it)), troubles.filter((it) => !pattern.test(it))];
      assert.notEqual(expected.length, 0, `${pattern} did not come`);
      troubles.splice(0, Number.POSITIVE_INFINITY, ...others);
    };
    await walk(page, { shot, forgive, calm: () => calm(page) });
    await calm(page);
    assert.deepEqual(troubles, []);
  } finally {
    await browser.close();
  }
}

/** What must hold of the page that is shown now. */
async function calm(page) {
  const said = await page.evaluate(() => ({
    violations: window.violations,
    ran: window.pwned,
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    strangers: document.querySelectorAll("main img, main iframe, main script, main [onerror], main [onload], main a[href^='javascript']").length,
  }));
  assert.deepEqual(said, { violations: [], ran: undefined, wider: 0, strangers: 0 });
}

/** No finding of axe that stands in somebody's way. */
export async function accessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
  const found = violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, []);
}

/** Waits until a question is answered as expected: pages show what they know a moment later. */
export async function settles(ask, expected, why) {
  const end = Date.now() + PATIENCE;
  let found = await ask();
  while (found !== expected && Date.now() < end) {
    await new Promise((resume) => setTimeout(resume, 50));
    found = await ask();
  }
  assert.equal(found, expected, why);
}

/** Waits for the text of a place to become this. */
export async function becomes(locator, pattern) {
  const end = Date.now() + PATIENCE;
  let text = "";
  while (Date.now() < end) {
    text = (await locator.count()) > 0 ? await locator.first().innerText() : "(nothing)";
    if (pattern.test(text)) return text;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  assert.match(text, pattern);
}
