"""The dashboard of a proxy that asks who comes: a real browser logs in, administers, and is shown no more than it may see
(see web/access.mjs).
"""

import json
import urllib.request
from dataclasses import dataclass

import pytest

from harness import Proxy, poll


@dataclass
class House:
    """A proxy with two tenants, and keys to them."""

    proxy: Proxy
    admin: str
    keys: dict[str, str]

    def ask(self, method: str, path: str, body=None, key: str | None = None):
        headers = {"Content-Type": "application/json", "X-LLMTrace-Token": key or self.admin}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.proxy.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return json.load(answer)

    def make_key(self, tenant: str, role: str) -> str:
        return self.ask("POST", f"/api/v1/keys?tenant_id={tenant}", {"name": f"{role} of {tenant}", "role": role})["key"]

    def options(self) -> dict:
        return {"admin": self.admin, "wrong": "llmt_" + "0" * 43} | self.keys


@pytest.fixture(scope="module")
def house(provider, tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    proxy = Proxy(provider.url, folder, env={"LLMTRACE_AUTH__MODE": "required"})
    house = House(proxy, (folder / "data" / "admin.key").read_text().strip(), {})
    for tenant in ["acme", "globex"]:
        house.ask("PUT", f"/api/v1/tenants/{tenant}")
        operator = house.make_key(tenant, "operator")
        for text in ["hello", "and again"]:
            chat = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"{text} from {tenant}"}]}
            house.ask("POST", "/v1/chat/completions", chat, key=operator)
    house.keys |= {"viewer": house.make_key("acme", "viewer"), "acme_admin": house.make_key("acme", "admin")}
    poll("the spans", lambda: len(house.ask("GET", "/api/v1/spans")["items"]) == 4)
    yield house
    assert proxy.stop() == 0


@pytest.mark.parametrize("name", ["login", "viewer", "expired", "keys", "tenants", "people", "several", "settings", "audit"])
def test_a_dashboard_that_asks_who_comes(walk, house, name):
    walk(name, house.proxy, **house.options())


def test_where_nobody_is_asked_nothing_of_it_shows(walk, provider, tmp_path):
    proxy = Proxy(provider.url, tmp_path)
    walk("open", proxy)
    assert proxy.stop() == 0
