"""What is erased is gone, whatever it was asked by and whatever happens meanwhile; the receipts stay.

Against real processes: `lite` and the production profile with its engines.
"""

import contextlib
import json
import os
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from chaos.world import World, journal
from harness import BIN, Proxy, get, poll

# It is looked for what is due every 2 s; one whose process died is due after 15 s, and a repeat comes after 10 s at first.
SOON, AGAIN = 10.0, 40.0
DAY_US = 86_400_000_000


@pytest.fixture(params=["lite", "production"])
def world(request, tmp_path):
    world = World(tmp_path, request.param, 1, 1)
    yield world
    world.close()


@pytest.fixture
def lite(tmp_path):
    world = World(tmp_path, "lite", 1, 1)
    yield world
    world.close()


def ask(method: str, url: str, body: dict | None = None, headers: dict | None = None):
    """The status, the headers and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"content-type": "application/json"}
    request = urllib.request.Request(url, data, kind | (headers or {}), method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read())


def send(proxy: Proxy, words: str, tenant: str, stream: dict | None = None, **labels):
    """One exchange; `stream` are headers that make the provider's stream slow."""
    body = {"model": "gpt-4o", "stream": stream is not None, "messages": [{"role": "user", "content": words}]}
    headers = {"content-type": "application/json", "X-LLMTrace-Tenant-ID": tenant} | (stream or {})
    # urllib writes Latin-1; labels are UTF-8.
    wire = lambda text: text.encode().decode("latin-1")
    headers |= {f"X-LLMTrace-{name.title()}-ID": wire(value) for name, value in labels.items() if name != "traceparent"}
    if "traceparent" in labels:
        headers["traceparent"] = labels["traceparent"]
    request = urllib.request.Request(f"{proxy.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        answer.read()


def erase(proxy: Proxy, body: dict, tenant: str | None = None) -> str:
    """Asks for it; returns the path of the receipt."""
    query = f"?tenant_id={tenant}" if tenant else ""
    status, headers, receipt = ask("POST", f"{proxy.url}/api/v1/erasures{query}", body)
    assert (status, receipt["state"]) == (202, "pending"), receipt
    return headers["Location"]


def done(proxy: Proxy, place: str, deadline: float = SOON) -> dict:
    """The receipt, once it was carried out."""
    look = lambda: (lambda r: r if r["state"] != "pending" else None)(get(proxy.url + place))
    return poll(f"the end of {place}", look, deadline)


def export(proxy: Proxy) -> str:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{proxy.url}/api/v1/export", timeout=30) as answer:
        return answer.read().decode()


def found(proxy: Proxy, word: str) -> int:
    return len(proxy.spans(text=word))


def test_each_subject_goes_from_every_answer_and_has_a_receipt(world):
    proxy = world.start()
    trace, alone = "4bf92f3577b34da6a3ce929d0e0e4736", "5cf92f3577b34da6a3ce929d0e0e4737"
    for n in range(2):
        send(proxy, "secretly of a trace", "team", traceparent=f"00-{trace}-00f067aa0ba902b{n}-01")
        send(proxy, "secretly of a session", "team", session="chat 7", user="bob")
    send(proxy, "secretly alone", "team", traceparent=f"00-{alone}-00f067aa0ba902b7-01")
    for n in range(3):
        send(proxy, "secretly of a user", "team", user="alice ü")
        send(proxy, "secretly of a tenant", "gone", user="carol")
        send(proxy, "openly kept", "kept", user="alice ü")
    poll("every span", lambda: len(proxy.spans()) == 14)
    poll("the text index", lambda: found(proxy, "secretly") == 11 and found(proxy, "openly") == 3)
    span = proxy.spans(trace_id=alone)[0]["span_id"]
    assert len(get(f"{proxy.url}/api/v1/tenants")["items"]) == 3

    status, headers, _ = ask("DELETE", f"{proxy.url}/api/v1/traces/{trace}")
    assert status == 202
    places = {"trace": headers["Location"]}
    places["span"] = erase(proxy, {"subject": "span", "subject_id": span})
    places["session"] = erase(proxy, {"subject": "session", "subject_id": "chat 7"})
    places["user"] = erase(proxy, {"subject": "user", "subject_id": "alice ü"}, "team")
    status, headers, _ = ask("DELETE", f"{proxy.url}/api/v1/tenants/gone")
    assert status == 202
    places["everything"] = headers["Location"]

    receipts = {subject: done(proxy, place) for subject, place in places.items()}
    assert {s: (r["subject"], r["erased_spans"], r["erased_contents"]) for s, r in receipts.items()} == {
        "trace": ("trace", 2, 2),
        "span": ("span", 1, 1),
        "session": ("session", 2, 2),
        "user": ("user", 3, 3),
        "everything": ("everything", 3, 3),
    }
    assert all(r["state"] == "repeating" and r["done_at"] and r["repeat_until"] > r["done_at"] for r in receipts.values())

    assert {s["tenant_id"] for s in proxy.spans()} == {"kept"} and len(proxy.spans()) == 3
    assert (found(proxy, "secretly"), found(proxy, "openly")) == (0, 3)
    assert get(f"{proxy.url}/api/v1/stats?group_by=tenant_id")["total"]["requests"] == 3
    assert [u["user_id"] for u in get(f"{proxy.url}/api/v1/users")["items"]] == ["alice ü"]
    assert get(f"{proxy.url}/api/v1/sessions")["items"] == []
    lines = export(proxy)
    assert lines.count("\n") == 3 and "secretly" not in lines
    for path in (f"traces/{trace}", f"spans/{span}", f"spans/{span}/raw"):
        assert ask("GET", f"{proxy.url}/api/v1/{path}")[0] == 404, path

    # The tenant is forgotten, its receipt is not; after a restart, too.
    assert proxy.stop() == 0
    proxy = world.start(port=proxy.port)
    assert [t["tenant_id"] for t in get(f"{proxy.url}/api/v1/tenants")["items"]] == ["kept", "team"]
    kept = get(f"{proxy.url}/api/v1/erasures?tenant_id=gone")["items"]
    assert [(r["erasure_id"], r["erased_spans"]) for r in kept] == [(receipts["everything"]["erasure_id"], 3)]
    assert len(proxy.spans()) == 3
    assert proxy.stop() == 0


def begun(world: World) -> bool:
    """Whether somebody began the only erasure: it is due later than when it was asked for, or over."""
    statement = "SELECT count(*) FROM {} WHERE due_at > requested_at"
    if world.profile == "lite":
        with contextlib.closing(sqlite3.connect(world.folder / "a" / "data" / "llmtrace.db", timeout=30)) as file:
            return file.execute(statement.format("erasures")).fetchone()[0] == 1
    url = world.extra["LLMTRACE_POSTGRES_URL"]
    return subprocess.check_output(["psql", url, "-Atqc", statement.format("llmtrace.erasures")], text=True).strip() == "1"


def test_a_process_that_is_killed_while_it_erases_leaves_the_rest_to_the_next(world):
    proxy = world.start()
    for n in range(60):
        send(proxy, f"question {n}", "team", user="alice" if n % 2 else "bob")
    poll("every span", lambda: len(proxy.spans()) == 60)
    if world.profile == "production":
        world.faults["CLICKHOUSE"].set("hang")
    place = erase(proxy, {"subject": "user", "subject_id": "alice"})
    poll("its begin", lambda: begun(world), every=0.001)
    proxy.kill()
    if world.profile == "production":
        world.faults["CLICKHOUSE"].set("pass")
    proxy = world.start(port=proxy.port)
    receipt = done(proxy, place, AGAIN)
    assert {s["user_id"] for s in proxy.spans()} == {"bob"} and len(proxy.spans()) == 30
    # What a killed run removed it took along; never is more counted than there was.
    assert receipt["erased_spans"] == 30 if world.profile == "production" else receipt["erased_spans"] <= 30
    assert get(f"{proxy.url}/api/v1/stats")["total"]["requests"] == 30
    assert proxy.stop() == 0


def test_what_is_on_its_way_when_it_is_erased_goes_when_it_comes(world):
    proxy = world.start()
    slow = {"x-fake-chunks": "40", "x-fake-delay-ms": "150"} if world.profile == "lite" else {}
    if world.profile == "production":
        world.faults["CLICKHOUSE"].set("refuse")
    client = threading.Thread(target=send, args=(proxy, "a question", "team", slow), kwargs={"user": "alice"})
    client.start()
    if world.profile == "lite":
        # Open: begun, and not stored.
        poll("the open exchange", lambda: journal(proxy)["records"] > 0)
    else:
        client.join()
        poll("a record that waits", lambda: journal(proxy)["records"] > 0)
    place = erase(proxy, {"subject": "user", "subject_id": "alice"})
    if world.profile == "lite":
        assert done(proxy, place)["erased_spans"] == 0
        client.join()
    else:
        world.faults["CLICKHOUSE"].set("pass")
    receipt = poll("the repeat", lambda: (lambda r: r if r["erased_spans"] else None)(get(proxy.url + place)), AGAIN)
    assert (receipt["state"], receipt["erased_spans"]) == ("repeating", 1)
    assert (proxy.spans(), journal(proxy)["records"]) == ([], 0)
    # What starts later is new.
    send(proxy, "another question", "team", user="alice")
    poll("the new span", lambda: len(proxy.spans()) == 1)
    assert proxy.stop() == 0


def test_the_command_asks_and_a_running_proxy_erases(lite):
    proxy = lite.start()
    for user in ("alice", "alice", "bob"):
        send(proxy, "a question", "team", user=user)
    poll("every span", lambda: len(proxy.spans()) == 3)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMTRACE_")}
    env = clean | {"LLMTRACE_STORAGE__PATH": str(lite.folder / "a" / "data")}
    run = lambda *args: subprocess.check_output([str(BIN / "llmtrace-proxy"), "erase", *args], env=env, text=True)
    assert "a running proxy carries it out" in run("--user", "alice")
    poll("the erasure", lambda: [s["user_id"] for s in proxy.spans()] == ["bob"], SOON)
    assert "1 spans removed" in run("--all-of-tenant", "--tenant", "team", "--wait")
    assert proxy.spans() == []
    assert proxy.stop() == 0


def test_a_tenants_own_rule_of_retention_takes_effect(lite):
    proxy = lite.start()
    for tenant in ("keeps", "strict", "plain"):
        send(proxy, f"said by {tenant}", tenant)
    poll("every span", lambda: len(proxy.spans()) == 3)
    rules = {"keeps": (None, None), "strict": (7, 30)}
    for tenant, (content, span) in rules.items():
        place = f"{proxy.url}/api/v1/tenants/{tenant}/retention"
        status, _, rule = ask("PUT", place, {"content_days": content, "span_days": span})
        assert (status, rule["source"]) == (200, "tenant")
    assert get(f"{proxy.url}/api/v1/tenants/plain/retention") == {
        "tenant_id": "plain",
        "content_days": 30,
        "span_days": 90,
        "source": "setting",
    }
    assert proxy.stop() == 0
    # Forty days go by.
    with sqlite3.connect(lite.folder / "a" / "data" / "llmtrace.db") as file:
        file.execute("UPDATE spans SET started_at = started_at - ?", [40 * DAY_US])
    file.close()
    proxy = lite.start(port=proxy.port)

    def left() -> dict:
        try:
            spans = [get(f"{proxy.url}/api/v1/spans/{s['span_id']}") for s in proxy.spans()]
        except urllib.error.HTTPError as error:
            # It went between the list and this.
            assert error.code == 404
            return {}
        return {s["tenant_id"]: s["input_messages"] is not None for s in spans}

    poll("what stays", lambda: left() == {"keeps": True, "plain": False}, SOON)
    assert ask("DELETE", f"{proxy.url}/api/v1/tenants/keeps/retention")[0] == 204
    assert proxy.stop() == 0
    proxy = lite.start(port=proxy.port)
    poll("the content", lambda: left() == {"keeps": False, "plain": False}, SOON)
    assert proxy.stop() == 0
