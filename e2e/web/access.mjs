// Walks through a dashboard that asks who comes: logins, keys, people, tenants, and what one may not see.
import assert from "node:assert/strict";
import { accessible, becomes, settles } from "./browser.mjs";

/** What a browser says in its console of an answer that is no success. */
const said = (status) => new RegExp(`status of ${status}`);
const ADMIN_PAGES = ["keys", "people", "settings", "tenants", "audit"];

/** The walks; `options` has the proxy's `url`, its `admin` key, and a key for each role in the tenant `acme`. */
export function accessWalks(options) {
  /** Asks the API as a script does. */
  async function ask(method, path, body, headers = {}) {
    const init = { method, headers: { "X-LLMTrace-Token": options.admin, "content-type": "application/json", ...headers } };
    return fetch(options.url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  }

  /** Sends one chat through the proxy; the status is the answer. */
  async function sends(key, text = "hello") {
    const body = { model: "gpt-4o-mini", messages: [{ role: "user", content: text }] };
    const answer = await ask("POST", "/v1/chat/completions", body, { "X-LLMTrace-Token": key });
    await answer.text();
    return answer.status;
  }

  async function showKey(page, key) {
    const tab = page.getByRole("tab", { name: "API key" });
    await page.getByRole("button", { name: "Log in" }).waitFor();
    if ((await tab.count()) > 0) await tab.click();
    await page.getByRole("textbox", { name: "API key" }).fill(key);
    await page.keyboard.press("Enter");
  }

  async function logIn(page, key, forgive, path = "/dashboard") {
    await page.goto(path);
    await page.waitForURL(/\/dashboard\/login/);
    await showKey(page, key);
    await page.waitForURL((url) => !url.pathname.startsWith("/dashboard/login"));
    forgive(said(401));
  }

  const whoMenu = (page) => page.getByRole("button", { name: /^Logged in as/ });
  const gone = (page) => page.getByRole("dialog").waitFor({ state: "detached" });

  return {
    /** A wrong key is told so; the right one leads back to the page that was wanted; logging out is the end of it. */
    async login(page, { shot, forgive }) {
      await page.goto("/dashboard/traces?model=gpt-4o-mini&range=7d");
      await page.waitForURL(/\/dashboard\/login\?next=/);
      await accessible(page);
      await showKey(page, options.wrong);
      await becomes(page.getByRole("alert"), /opens nothing/);
      await shot("login-refused");
      await accessible(page);
      await showKey(page, options.viewer);
      await page.waitForURL("**/dashboard/traces?model=gpt-4o-mini&range=7d");
      await page.getByRole("table", { name: /^Traces/ }).waitFor();
      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await whoMenu(page).click();
      await becomes(page.locator("header"), /API key[\s\S]*viewer in acme/);
      await accessible(page);
      await page.getByRole("button", { name: "Log out" }).click();
      await page.waitForURL("**/dashboard/login");
      await page.goBack();
      await page.waitForURL(/\/dashboard\/login/);
      assert.equal(await page.getByRole("table").count(), 0, "nothing is shown any more");
      for (const next of ["//evil.example/", "https://evil.example", "/\\evil.example", "/dashboard/../api/v1/me"]) {
        await page.goto(`/dashboard/login?${new URLSearchParams({ next, error: "<img src=x onerror=window.pwned=1>" })}`);
        await becomes(page.getByRole("alert"), /did not work/);
        await showKey(page, options.viewer);
        await page.waitForURL((url) => url.origin === options.url && /^\/dashboard\/?$/.test(url.pathname));
        await whoMenu(page).click();
        await page.getByRole("button", { name: "Log out" }).click();
        await page.waitForURL("**/dashboard/login");
      }
      forgive(said(401));
    },

    /** A key is shown once, works until it is revoked, and is not changed over somebody else's change. */
    async keys(page, { shot, forgive }) {
      await logIn(page, options.acme_admin, forgive, "/dashboard/admin/keys");
      await page.getByRole("table", { name: /^API keys/ }).waitFor();
      await accessible(page);
      const name = 'ci "<img src=x onerror=window.pwned=1>"';
      await page.getByRole("button", { name: "New key" }).click();
      await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
      await page.getByLabel("Role").selectOption("operator");
      await page.getByLabel("Expires").selectOption({ label: "in 30 days" });
      await accessible(page);
      await page.getByRole("button", { name: "Make the key" }).click();
      const shown = page.getByRole("region", { name: "The new key" });
      const key = /llmt_[\w-]{43}/.exec(await becomes(shown, /llmt_[\w-]{43}/))?.[0];
      await becomes(shown, new RegExp(`"X-LLMTrace-Token": "${key}"`));
      await settles(() => shown.evaluate((it) => it === document.activeElement), true, "whoever made it is led to it");
      await accessible(page);
      await shot("key-shown-once");
      assert.equal(await sends(key), 200);
      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByRole("link", { name: "Admin" }).click();
      await page.getByRole("table", { name: /^API keys/ }).waitFor();
      assert.ok(!(await page.content()).includes(key), "it is shown once");

      await page.getByRole("button", { name: `Change ${name}` }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Name").fill("mine");
      const { items } = await (await ask("GET", "/api/v1/keys?tenant_id=acme")).json();
      const id = items.find((it) => it.name === name).key_id;
      const theirs = { name: "theirs", expires_at: null };
      assert.equal((await ask("PUT", `/api/v1/keys/${id}`, theirs, { "if-match": "*" })).status, 200);
      await page.getByRole("button", { name: "Save" }).click();
      await becomes(dialog.getByRole("alert"), /Somebody changed this key meanwhile/);
      forgive(said(412));
      await accessible(page);
      await page.getByRole("button", { name: "Look again" }).click();
      await settles(() => dialog.getByLabel("Name").inputValue(), "theirs");
      await dialog.getByLabel("Name").fill("ours");
      await page.getByRole("button", { name: "Save" }).click();
      await gone(page);

      await page.getByRole("button", { name: "Revoke ours" }).click();
      await becomes(dialog, /Revoke ours\?[\s\S]*cannot be taken back/);
      await accessible(page);
      await page.keyboard.press("Escape");
      await gone(page);
      assert.equal(await sends(key), 200, "Escape is no answer");
      await settles(() => page.getByRole("button", { name: "Revoke ours" }).evaluate((it) => it === document.activeElement), true);
      await page.getByRole("button", { name: "Revoke ours" }).click();
      await dialog.getByRole("button", { name: "Revoke ours" }).click();
      await gone(page);
      await page.getByRole("button", { name: "Revoke ours" }).waitFor({ state: "detached" });
      assert.equal(await sends(key), 401);
      await page.getByRole("button", { name: "Revoked and expired, too" }).click();
      await becomes(page.getByRole("row", { name: /ours/ }), /revoked/);
      await shot("keys");
    },

    /** What one may not do is not offered, and its address says so. */
    async viewer(page, { shot, forgive }) {
      await logIn(page, options.viewer, forgive);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      assert.equal(await page.getByRole("link", { name: "Admin" }).count(), 0);
      assert.equal(await page.getByLabel("Tenant").count(), 0, "there is one tenant");
      for (const name of ADMIN_PAGES) {
        await page.goto(`/dashboard/admin/${name}`);
        await page.getByRole("heading", { name: "This page is for admins" }).waitFor();
        await becomes(page.locator("main"), /You are viewer in acme/);
      }
      await shot("not-yours");
      await accessible(page);
      await page.goto("/dashboard/traces?tenant_id=globex");
      await becomes(page.getByRole("alert"), /does not reach the tenant/);
      forgive(said(403));
    },

    /** A login that ends in the middle of work leads to the login, and from there back to the work. */
    async expired(page, { forgive }) {
      const made = await (await ask("POST", "/api/v1/keys?tenant_id=acme", { name: "ends", role: "viewer" })).json();
      await logIn(page, made.key, forgive, "/dashboard/traces?live=on&agent_id=nobody");
      await becomes(page.getByRole("status"), /^Live/);
      assert.equal((await ask("DELETE", `/api/v1/keys/${made.key_id}`)).status, 200);
      await page.getByRole("link", { name: "Overview" }).click();
      await page.waitForURL(/\/dashboard\/login\?next=|\/dashboard\/login$/);
      await page.goto("/dashboard/traces?agent_id=nobody");
      await page.waitForURL(/\/dashboard\/login\?next=/);
      await page.getByRole("button", { name: "Log in" }).waitFor();
      const asked = [];
      page.on("request", (request) => asked.push(request.url()));
      await showKey(page, options.viewer);
      await page.waitForURL("**/dashboard/traces?agent_id=nobody");
      await page.getByText("No trace matches.").waitFor();
      assert.ok(asked.filter((url) => url.endsWith("/api/v1/login")).length <= 2, `it goes round: ${asked}`);
      forgive(said(401));
    },

    /** Whoever reaches all tenants looks at one, makes one and deletes it. */
    async tenants(page, { shot, forgive }) {
      await logIn(page, options.admin, forgive, "/dashboard/traces");
      await becomes(page.locator("tbody"), /(?=[\s\S]*acme)(?=[\s\S]*globex)/);
      await page.getByLabel("Tenant", { exact: true }).selectOption("globex");
      await page.waitForURL(/tenant_id=globex/);
      await becomes(page.locator("tbody"), /^(?=[\s\S]*globex)(?![\s\S]*acme)/);
      await page.locator("[data-row]").first().click();
      await page.waitForURL(/\/traces\/[0-9a-f]{32}\?tenant_id=globex/);
      await page.getByRole("region", { name: "Spans" }).waitFor();
      await page.getByRole("link", { name: "Admin" }).click();
      await page.waitForURL(/\/admin\/keys\?tenant_id=globex/);
      await page.getByRole("link", { name: "Tenants" }).click();
      await page.getByRole("button", { name: "New tenant" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("initech");
      await page.getByRole("button", { name: "Make the tenant" }).click();
      await page.getByRole("link", { name: "Keys of initech" }).click();
      await page.waitForURL(/\/admin\/keys\?tenant_id=initech/);
      await page.getByText("There is no key yet.").waitFor();
      await page.getByRole("link", { name: "Tenants" }).click();
      await page.getByRole("button", { name: "Delete initech" }).click();
      const dialog = page.getByRole("dialog");
      const answer = dialog.getByRole("button", { name: "Delete initech" });
      assert.ok(await answer.isDisabled(), "its name is to be typed first");
      await dialog.getByRole("textbox").fill("initech");
      await accessible(page);
      await answer.click();
      await becomes(page.getByRole("status"), /initech is deleted/);
      await page.waitForURL((url) => !url.searchParams.has("tenant_id"));
      await shot("tenants");
    },

    /** Somebody is added, logs in by name, changes the password, is disabled and removed. */
    async people(page, { shot, forgive }) {
      await logIn(page, options.acme_admin, forgive, "/dashboard/admin/people");
      const [first, second] = ["correct horse battery", "staple correct horse"];
      await page.getByRole("button", { name: "Add somebody" }).click();
      await page.getByRole("textbox", { name: "Name", exact: true }).fill("ada@example.com");
      await page.getByLabel("Shown as").fill("Ada");
      await page.getByLabel("Password").fill(first);
      await page.getByLabel("Role in acme").selectOption("operator");
      await accessible(page);
      await page.getByRole("button", { name: "Add them" }).click();
      await becomes(page.getByRole("row", { name: /ada@example/ }), /operator[\s\S]*password/);
      await shot("people");
      await whoMenu(page).click();
      await page.getByRole("button", { name: "Log out" }).click();
      await page.waitForURL("**/dashboard/login");

      const byName = async (password) => {
        await page.goto("/dashboard/login");
        await page.getByRole("textbox", { name: "Name" }).fill("ada@example.com");
        await page.getByRole("textbox", { name: "Password" }).fill(password);
        await page.keyboard.press("Enter");
      };
      await byName(second);
      await becomes(page.getByRole("alert"), /Name or password is wrong/);
      await byName(first);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await whoMenu(page).click();
      await becomes(page.locator("header"), /Ada[\s\S]*operator in acme/);
      await page.getByRole("link", { name: "Your account" }).click();
      await page.getByLabel("The password as it is").fill(first);
      await page.getByLabel("New password").fill(second);
      await accessible(page);
      await page.getByRole("button", { name: "Change the password" }).click();
      await becomes(page.getByRole("status"), /Saved/);
      await page.goto("/dashboard/admin/people");
      await page.getByRole("heading", { name: "This page is for admins" }).waitFor();
      await page.goto("/dashboard/login");
      await showKey(page, options.acme_admin);
      await page.getByRole("link", { name: "Admin" }).click();
      await page.getByRole("link", { name: "People" }).click();
      await page.getByRole("button", { name: "Change ada@example.com" }).click();
      await page.getByLabel(/^Disabled/).check();
      await accessible(page);
      await page.getByRole("button", { name: "Save" }).click();
      await gone(page);
      await becomes(page.getByRole("row", { name: /ada@example/ }), /disabled/);
      await page.getByRole("button", { name: "Remove ada@example.com" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove ada@example.com" }).click();
      await gone(page);
      await page.getByRole("row", { name: /ada@example/ }).waitFor({ state: "detached" });
      forgive(said(401));
    },

    /** Whoever is in several tenants looks at one of them, and is in each what they are there. */
    async several(page, { forgive }) {
      const [name, password] = ["grace@example.com", "several tenants in one head"];
      const person = { name, display: "Grace", password, role: "admin" };
      const { user_id } = await (await ask("POST", "/api/v1/accounts?tenant_id=acme", person)).json();
      const also = { display: "Grace", disabled: false, role: "viewer" };
      const path = `/api/v1/accounts/${user_id}?tenant_id=globex`;
      assert.equal((await ask("PUT", path, also, { "if-match": "*" })).status, 200);
      await page.goto("/dashboard/traces");
      await page.getByRole("textbox", { name: "Name" }).fill(name);
      await page.getByRole("textbox", { name: "Password" }).fill(password);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/dashboard/traces?tenant_id=acme");
      await becomes(page.locator("tbody"), /^(?=[\s\S]*acme)(?![\s\S]*globex)/);
      await page.getByRole("link", { name: "Admin" }).click();
      await page.getByRole("link", { name: "People" }).click();
      await becomes(page.getByRole("row", { name: /grace@/ }), /admin/);
      await page.getByLabel("Tenant", { exact: true }).selectOption("globex");
      await page.getByRole("heading", { name: "This page is for admins" }).waitFor();
      await becomes(page.locator("main"), /You are viewer in globex/);
      assert.equal(await page.getByRole("link", { name: "Admin" }).count(), 0);
      await page.getByRole("link", { name: "Traces" }).click();
      await becomes(page.locator("tbody"), /^(?=[\s\S]*globex)(?![\s\S]*acme)/);
      forgive(said(401));
    },

    /** The button leads to the provider's page, and from there back to what was wanted; or it is told why not. */
    async oidc(page, { forgive }) {
      const through = async (name) => {
        await page.getByRole("link", { name: "Continue with Example" }).click();
        await page.locator('input[name="login"]').fill(name);
        await page.locator('input[name="password"]').fill("whatever");
        await page.keyboard.press("Enter");
        await page.getByRole("button", { name: "Continue" }).click();
      };
      // The provider's pages name fonts of elsewhere; nothing leaves this machine.
      const isHere = (url) => url.hostname === "127.0.0.1";
      await page.route((url) => !isHere(url), (route) => route.fulfill({ contentType: "text/css", body: "" }));
      await page.goto("/dashboard/traces?model=x&range=7d");
      await page.getByRole("link", { name: "Continue with Example" }).waitFor();
      await accessible(page);
      await through("ada");
      await page.waitForURL("**/dashboard/traces?model=x&range=7d");
      await whoMenu(page).click();
      await becomes(page.locator("header"), /ADA[\s\S]*operator in team-a/);
      await page.getByRole("button", { name: "Log out" }).click();
      await page.waitForURL("**/dashboard/login");
      // The provider knows its own people still.
      await page.context().clearCookies();
      await through("eve");
      await page.waitForURL(/\/dashboard\/login\?error=/);
      await becomes(page.getByRole("alert"), /The login did not work: nobody here has this account/);
      forgive(/^asked elsewhere/);
      forgive(said(401));
    },

    /** What a tenant sets: what is kept and for how long, and a credential that nobody is shown. */
    async settings(page, { shot, forgive }) {
      await logIn(page, options.acme_admin, forgive, "/dashboard/admin/settings");
      await page.getByRole("heading", { name: "Settings of acme" }).waitFor();
      await page.getByLabel("Content").selectOption("metadata");
      await page.getByRole("button", { name: "Save what is kept" }).click();
      await becomes(page.getByRole("status").first(), /Saved/);
      await page.getByRole("spinbutton", { name: "What was said, days" }).fill("7");
      await page.getByRole("spinbutton", { name: "Spans, days" }).fill("30");
      await page.getByRole("button", { name: "Save how long" }).click();
      await becomes(page.locator("main"), /a rule of its own\. What was said is kept 7 days, spans 30 days/);
      const [one, other] = ["kept-by-nobody-but-the-test-1234", "kept-by-nobody-but-the-test-5678"];
      await page.getByRole("button", { name: "Store one" }).click();
      await page.getByRole("textbox", { name: "Credential" }).fill(one);
      await accessible(page);
      await page.getByRole("button", { name: "Store it" }).click();
      await gone(page);
      await becomes(page.getByRole("table", { name: "Stored credentials" }), /default\s+usable\s+…1234/);
      await page.getByRole("button", { name: "Replace the one for default" }).click();
      await page.getByRole("textbox", { name: "Credential" }).fill(other);
      await page.getByRole("button", { name: "Store it" }).click();
      await gone(page);
      await becomes(page.getByRole("table", { name: "Stored credentials" }), /…5678/);
      assert.ok(![one, other].some((secret) => page.url().includes(secret)));
      await accessible(page);
      await shot("settings");
      await page.reload();
      await becomes(page.getByRole("table", { name: "Stored credentials" }), /…5678/);
      await settles(() => page.getByLabel("Content").inputValue(), "metadata");
      await page.getByRole("button", { name: "Delete the one for default" }).click();
      await page.getByRole("button", { name: "Delete it" }).click();
      await gone(page);
      await page.getByText("None is stored.").waitFor();
    },

    /** The log says who did what; a line opens, and narrows the log to its like. */
    async audit(page, { shot, forgive }) {
      const made = await (await ask("POST", "/api/v1/keys?tenant_id=acme", { name: "logged", role: "viewer" })).json();
      const renamed = { name: "<b>renamed</b>", expires_at: null };
      assert.equal((await ask("PUT", `/api/v1/keys/${made.key_id}?tenant_id=acme`, renamed, { "if-match": "*" })).status, 200);
      await logIn(page, options.acme_admin, forgive, "/dashboard/admin/audit");
      const table = page.getByRole("table", { name: /^Audit log/ });
      await becomes(table, /of the settings[\s\S]*keys\.change[\s\S]*done/);
      await table.getByRole("button", { name: /^More of keys\.change/ }).first().click();
      await becomes(page.getByRole("region", { name: "What changed" }), /name: "logged"[\s\S]*name: "<b>renamed<\/b>"/);
      await accessible(page);
      await shot("audit");
      await table.getByRole("button", { name: "keys.change", exact: true }).first().click();
      await page.waitForURL(/action=keys\.change/);
      await becomes(page.locator("tbody"), /^(?=[\s\S]*keys\.change)(?![\s\S]*keys\.create)/);
      await page.goto("/dashboard/admin/audit?actor=nonsense");
      await becomes(page.getByRole("alert"), /actor/);
      forgive(said(400));
    },

    /** Where nobody is asked who they are, nothing of it shows. */
    async open(page) {
      await page.goto("/dashboard/login?next=/dashboard/traces");
      await page.getByRole("link", { name: "Go on" }).click();
      await page.waitForURL("**/dashboard/traces");
      await page.getByRole("link", { name: "Overview" }).waitFor();
      assert.equal(await whoMenu(page).count(), 0);
      await page.getByRole("link", { name: "Admin" }).click();
      await page.getByRole("heading", { name: "Keys" }).waitFor();
    },
  };
}
