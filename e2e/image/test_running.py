"""The image as a container: read-only, uid 10001, no capabilities; with its stores, without them, through signals and kills."""

import http.client
import json
import threading
import time

from conftest import IMAGE, logs, tool
from harness import free_port, get, marked, new_mark, poll


def chat(port: int, mark: str, headers: dict | None = None, **more) -> tuple[int, str]:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]} | more
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {"content-type": "application/json"} | marked(mark) | (headers or {})
    connection.request("POST", "/v1/chat/completions", json.dumps(body), sent)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def is_stored(container, mark: str) -> dict:
    found = poll(f"the span {mark}", lambda: container.spans(session_id=mark), 30)
    assert len(found) == 1
    return found[0]


def test_alone_it_keeps_spans_in_its_volume(run):
    container = run()
    assert "ok" in tool("podman", "exec", container.name, "/usr/local/bin/llmtrace-proxy", "health")
    tool("podman", "healthcheck", "run", container.name)
    mark = new_mark()
    assert chat(container.port, mark)[0] == 200
    is_stored(container, mark)
    container.send_signal("TERM")
    assert container.exit_code() == 0
    assert is_stored(run(), mark)["end_reason"] == "complete"


def test_with_its_stores_a_stream_is_proxied_and_its_span_visible(run, stores):
    container = run(stores)
    mark = new_mark()
    status, text = chat(container.port, mark, {"x-fake-chunks": "5"}, stream=True)
    assert status == 200 and text.endswith("data: [DONE]\n\n")
    span = is_stored(container, mark)
    assert (span["end_reason"], span["status"]) == ("complete", "ok")
    health = get(container.url + "/health")
    assert health["status"] == "ok"
    assert {name: at.get("backend") for name, at in health["dependencies"].items() if name in ("spans", "meta")} == {
        "spans": "clickhouse",
        "meta": "postgres",
    }


def test_sigterm_lets_a_stream_finish_and_nothing_is_lost(run, stores, provider):
    container = run(stores | {"LLMTRACE_SHUTDOWN__DELAY_SECONDS": "1"})
    mark, answer = new_mark(), {}
    slow = {"x-fake-chunks": "40", "x-fake-delay-ms": "100"}
    reader = threading.Thread(target=lambda: answer.update(it=chat(container.port, mark, slow, stream=True)))
    reader.start()
    poll("the stream at the provider", lambda: provider.received(mark))
    container.send_signal("TERM")
    poll("readyz 503", lambda: not container.is_ready())
    late = new_mark()
    assert chat(container.port, late)[0] == 200, "during the delay"
    reader.join()
    status, text = answer["it"]
    assert status == 200 and text.endswith("data: [DONE]\n\n")
    assert container.exit_code() == 0
    again = run(stores)
    assert is_stored(again, mark)["end_reason"] == "complete"
    is_stored(again, late)


def test_what_was_not_stored_when_it_was_killed_is_stored_by_the_next_on_the_volume(run, stores):
    away = {"LLMTRACE_CLICKHOUSE_URL": f"http://default@127.0.0.1:{free_port()}"}
    container = run(stores | away)
    marks = [new_mark() for _ in range(5)]
    for mark in marks:
        assert chat(container.port, mark)[0] == 200, "a store that is away is no reason to refuse"
    assert container.is_ready()
    journal = lambda: get(container.url + "/health")["dependencies"]["journal"]
    poll("the journal", lambda: journal()["records"] >= len(marks))
    # What the journal is promised to have taken by then.
    time.sleep(0.25)
    container.send_signal("KILL")
    container.exit_code()
    again = run(stores)
    for mark in marks:
        assert is_stored(again, mark)["end_reason"] == "complete"


def test_a_wrong_setting_ends_it_with_code_2_and_a_sentence():
    made = tool("podman", "create", "--network", "host", "--env", "LLMTRACE_SHUTDOWN__DELAY_SECONDS=soon", IMAGE).strip()
    tool("podman", "start", made)
    assert int(tool("podman", "wait", made)) == 2
    assert "shutdown.delay_seconds" in logs(made)
    tool("podman", "rm", made)
