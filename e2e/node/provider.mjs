// An OpenID provider for e2e/test_oidc.py: oidc-provider with people who are in groups, each of whom logs in by the name alone.
// Usage: node provider.mjs PORT REDIRECT_URI CLAIMS — CLAIMS is `token` where the ID token says everything, `userinfo` where
// it is to be asked for. Says its issuer when it listens.
import { Provider } from "oidc-provider";

const [port, redirect, claims] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const GROUPS = { ada: ["llm-team", "others"], root: ["llm-root"], eve: [] };

const provider = new Provider(issuer, {
  clients: [{ client_id: "llmtrace", client_secret: process.env.CLIENT_SECRET, redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  conformIdTokenClaims: claims === "userinfo",
  cookies: { keys: [process.env.CLIENT_SECRET] },
  findAccount: (_, id) => {
    const [name, extra] = id.split("+");
    const groups = [...(GROUPS[name] ?? []), ...(extra ? [extra] : [])];
    const all = { sub: name, email: `${name}@example.org`, name: name.toUpperCase(), groups };
    return { accountId: id, claims: () => all };
  },
});

provider.listen(Number(port), "127.0.0.1", () => console.log(issuer));
