"""Several teams on one installation, each with keys of its own: by official clients, on every replica, and whatever dies.

Against real processes: `lite`, and two replicas of the production profile with its engines.
"""

import json
import subprocess
import time
import urllib.error
import urllib.request

import openai
import pytest

from chaos.world import World
from harness import BIN, Proxy, poll

# A key that is made for this run alone; built here, so that no file holds one.
ADMIN = "llmt_" + "e2e0" * 10 + "key"
GUARDED = {"LLMTRACE_AUTH__MODE": "required", "LLMTRACE_AUTH__ADMIN_KEY": ADMIN}
# The promise: what one replica revokes is dead on all of them.
EVERYWHERE_S = 2.0


def ask(proxy: Proxy, path: str, key: str | None, method: str = "GET", body=None, headers: dict | None = None):
    """The status, the JSON and the headers of an answer of the API."""
    headers = dict(headers or {})
    if key:
        headers["X-LLMTrace-Token"] = key
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(proxy.url + path, data, headers, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            text = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(text) if is_json else text, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


class House:
    """An installation that asks for keys: one process, or two replicas that share their stores."""

    def __init__(self, folder, profile: str, more: dict | None = None):
        self.world = World(folder, profile, 1, 1)
        self.names = ["a"] if profile == "lite" else ["a", "b"]
        self.proxies = [self.world.start(name, env=GUARDED | (more or {})) for name in self.names]

    @property
    def first(self) -> Proxy:
        return self.proxies[0]

    @property
    def last(self) -> Proxy:
        return self.proxies[-1]

    def key(self, tenant: str, role: str) -> dict:
        status, made, _ = ask(self.first, f"/api/v1/keys?tenant_id={tenant}", ADMIN, "POST", {"name": f"{tenant} {role}", "role": role})
        assert status == 201, made
        return made

    def command(self, proxy: Proxy, *args: str) -> subprocess.CompletedProcess:
        settings = {"LLMTRACE_STORAGE__PATH": str(proxy.folder / "data")} | self.world.extra
        return subprocess.run([str(BIN / "llmtrace-proxy"), *args], env=settings, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(params=["lite", "production"])
def house(request, tmp_path):
    house = House(tmp_path, request.param)
    yield house
    house.world.close()


def client(proxy: Proxy, key: str | None, **more) -> openai.OpenAI:
    headers = {"X-LLMTrace-Token": key} if key else {}
    return openai.OpenAI(base_url=proxy.url + "/v1", api_key="sk-of-the-team", max_retries=0, timeout=20.0, default_headers=headers, **more)


def say(proxy: Proxy, key: str | None, words: str):
    return client(proxy, key).chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": words}])


def spans(proxy: Proxy, key: str, query: str = "") -> list[dict]:
    status, page, _ = ask(proxy, f"/api/v1/spans{query}", key)
    assert status == 200, page
    return page["items"]


def test_two_teams_cannot_see_or_touch_each_other(house):
    red, blue = house.key("red", "admin"), house.key("blue", "admin")
    for n in range(3):
        say(house.last, red["key"], f"the red plan {n}")
        say(house.first, blue["key"], f"the blue plan {n}")
    for team, key in (("red", red["key"]), ("blue", blue["key"])):
        mine = poll(f"the spans of {team}", lambda key=key: (lambda found: found if len(found) == 3 else None)(spans(house.first, key)))
        assert {span["tenant_id"] for span in mine} == {team}
        _, text, _ = ask(house.last, "/api/v1/export", key)
        assert f"the {team} plan".encode() in text and b"plan" in text
        other = {"red": "blue", "blue": "red"}[team]
        assert f"the {other} plan".encode() not in text
    theirs = spans(house.first, blue["key"])[0]
    for path in (f"/api/v1/spans/{theirs['span_id']}", f"/api/v1/traces/{theirs['trace_id']}", f"/api/v1/keys/{blue['key_id']}"):
        assert ask(house.last, path, red["key"])[0] == 404, path
    assert ask(house.last, "/api/v1/spans?tenant_id=blue", red["key"])[0] == 403
    with pytest.raises(openai.PermissionDeniedError):
        client(house.last, red["key"]).chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "x"}], extra_headers={"X-LLMTrace-Tenant-ID": "blue"}
        )
    with pytest.raises(openai.AuthenticationError, match="LLMTrace API key is needed"):
        say(house.first, None, "without a key")
    # The administrator sees all of it.
    assert {span["tenant_id"] for span in spans(house.last, ADMIN)} == {"red", "blue"}


def test_a_revoked_key_is_dead_on_every_replica_within_two_seconds(house):
    made = house.key("red", "operator")
    for proxy in house.proxies:
        say(proxy, made["key"], "hello")
    started = time.monotonic()
    status, revoked, _ = ask(house.first, f"/api/v1/keys/{made['key_id']}", ADMIN, "DELETE")
    assert (status, revoked["state"]) == (200, "revoked")
    for proxy in house.proxies:
        poll("the end of the key", lambda proxy=proxy: ask(proxy, "/api/v1/me", made["key"])[0] == 401, EVERYWHERE_S)
    assert time.monotonic() - started <= EVERYWHERE_S + 0.5


def test_keys_outlive_a_kill_and_the_log_of_them_is_whole(house):
    red = house.key("red", "admin")
    say(house.first, red["key"], "before the kill")
    span = poll("the span", lambda: spans(house.first, red["key"]))[0]
    assert ask(house.first, f"/api/v1/spans/{span['span_id']}", red["key"])[0] == 200
    told = lambda: [it["action"] for it in ask(house.last, "/api/v1/audit?tenant_id=red", ADMIN)[1]["items"]]
    poll("the read in the log", lambda: "spans.read" in told())
    port = house.first.port
    house.first.kill()
    again = house.world.start("a", port=port, env=GUARDED)
    say(again, red["key"], "after the kill")
    assert told().count("keys.create") == 1
    # What nobody may do is written down as well.
    assert ask(again, "/api/v1/tenants/red", red["key"], "DELETE")[0] == 403
    poll("the refusal in the log", lambda: "tenants.delete" in [it["action"] for it in ask(again, "/api/v1/audit?limit=50", ADMIN)[1]["items"]])
    verified = house.command(again, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for proxy in [again, *house.proxies[1:]]:
        assert ADMIN not in proxy.said() and red["key"] not in proxy.said()


def test_a_deleted_tenant_has_no_keys_and_keeps_its_log(house):
    red = house.key("red", "operator")
    assert ask(house.first, "/api/v1/tenants/red", ADMIN, "DELETE")[0] == 202
    for proxy in house.proxies:
        poll("the end of its keys", lambda proxy=proxy: ask(proxy, "/api/v1/me", red["key"])[0] == 401, EVERYWHERE_S)
    actions = [it["action"] for it in ask(house.last, "/api/v1/audit?tenant_id=red", ADMIN)[1]["items"]]
    assert "keys.create" in actions and "tenants.delete" in actions


def test_while_the_store_is_away_known_keys_go_on_and_new_ones_wait(tmp_path):
    house = House(tmp_path, "production")
    try:
        known = house.key("red", "operator")
        say(house.last, known["key"], "before")
        house.world.faults["POSTGRES"].set("refuse")
        say(house.last, known["key"], "meanwhile")
        unknown = "llmt_" + "none" * 10 + "key"
        status, _, headers = poll("the store to be missed", lambda: (lambda it: it if it[0] == 503 else None)(ask(house.last, "/api/v1/me", unknown)))
        assert headers["Retry-After"] == "1"
        with pytest.raises(openai.InternalServerError):
            say(house.last, unknown, "with a key that nobody can look up")
        assert ask(house.last, "/api/v1/me", ADMIN)[0] == 200
        house.world.faults["POSTGRES"].set("pass")
        poll("the store to be back", lambda: ask(house.last, "/api/v1/me", unknown)[0] == 401, 30)
    finally:
        house.world.close()


def login(proxy: Proxy, body: dict) -> str:
    """Logs in as a browser does, and returns its cookie."""
    status, _, headers = ask(proxy, "/api/v1/login", None, "POST", body, {"Origin": proxy.url})
    assert status == 200
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    return cookie.partition(";")[0]


def test_who_logs_in_on_one_replica_is_known_on_all_of_them(house):
    words = {"name": "ada@example.org", "password": "correct horse battery"}
    person = {"display": "Ada", "role": "viewer"} | words
    status, account, _ = ask(house.first, "/api/v1/accounts?tenant_id=red", ADMIN, "POST", person)
    assert status == 201, account
    for wrong in (words | {"password": "incorrect horse"}, words | {"name": "nobody@example.org"}):
        assert ask(house.last, "/api/v1/login", None, "POST", wrong, {"Origin": house.last.url})[0] == 401
    cookie = poll("the person to be known", lambda: login(house.last, words))
    for proxy in house.proxies:
        status, me, _ = ask(proxy, "/api/v1/me", None, headers={"Cookie": cookie})
        assert (status, me["kind"], me["tenants"]) == (200, "user", [{"tenant_id": "red", "role": "viewer"}])
        assert ask(proxy, "/api/v1/keys", None, headers={"Cookie": cookie})[0] == 403
        # A page of another origin has the cookie sent along, and writes nothing.
        foreign = {"Cookie": cookie, "Origin": "https://evil.example"}
        assert ask(proxy, "/api/v1/logout", None, "POST", {}, foreign)[0] == 403
    again = login(house.first, words)
    assert again != cookie, "each login is one of its own"
    assert ask(house.last, "/api/v1/logout", None, "POST", None, {"Cookie": cookie, "Origin": house.last.url})[0] == 204
    assert ask(house.first, "/api/v1/me", None, headers={"Cookie": cookie})[0] == 401
    assert ask(house.first, "/api/v1/me", None, headers={"Cookie": again})[0] == 200
    path = f"/api/v1/accounts/{account['user_id']}"
    change = {"display": "Ada", "disabled": True, "role": "viewer"}
    status, changed, _ = ask(house.first, f"{path}?tenant_id=red", ADMIN, "PUT", change, {"If-Match": "*"})
    assert status == 200, changed
    for proxy in house.proxies:
        poll("the end of the login", lambda proxy=proxy: ask(proxy, "/api/v1/me", None, headers={"Cookie": again})[0] == 401, EVERYWHERE_S)
    # A login opens the API, and nothing on the way to a provider.
    with pytest.raises(openai.AuthenticationError):
        client(house.first, None).chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "x"}], extra_headers={"Cookie": again}
        )
    log = "".join(proxy.said() for proxy in house.proxies)
    assert words["password"] not in log and cookie.partition("=")[2] not in log
