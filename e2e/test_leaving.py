"""SIGTERM with `shutdown.delay_seconds`: `/readyz` sends traffic elsewhere while everything is still served."""

import http.client
import json
import signal
import threading
import time

import pytest

from harness import Proxy, marked, new_mark, poll

DELAY = 2


def ask(port: int, path: str, headers=None, body=None) -> tuple[int, str | None, str]:
    """Status, `Connection` and text, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("connection"), answer.read().decode()
    finally:
        connection.close()


def chat(port: int, mark: str, **more) -> tuple[int, str | None, str]:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]} | more
    return ask(port, "/v1/chat/completions", {"content-type": "application/json"} | marked(mark), body)


@pytest.fixture
def leaving(provider, tmp_path):
    proxy = Proxy(provider.url, tmp_path, env={"LLMTRACE_SHUTDOWN__DELAY_SECONDS": str(DELAY)})
    yield proxy
    if proxy.process.poll() is None:
        proxy.kill()


def test_during_the_delay_new_connections_are_served_and_streams_finish(leaving, provider, tmp_path):
    long = new_mark()
    stream = {}
    # Longer than the delay: its end falls into the drain.
    headers = {"content-type": "application/json", "x-fake-chunks": "40", "x-fake-delay-ms": "100"} | marked(long)
    body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    reader = threading.Thread(
        target=lambda: stream.update(answer=ask(leaving.port, "/v1/chat/completions", headers, body))
    )
    reader.start()
    poll("the stream at the provider", lambda: provider.received(long))

    leaving.process.send_signal(signal.SIGTERM)
    signalled = time.monotonic()
    poll("readyz 503", lambda: ask(leaving.port, "/readyz")[0] == 503)
    assert time.monotonic() - signalled < 1
    marks = []
    while time.monotonic() - signalled < DELAY - 0.5:
        marks.append(new_mark())
        status, connection, _ = chat(leaving.port, marks[-1])
        assert (status, connection) == (200, "close")
    assert ask(leaving.port, "/livez")[0] == 200
    reader.join()
    status, _, text = stream["answer"]
    assert status == 200 and text.endswith("data: [DONE]\n\n")
    assert leaving.process.wait(timeout=15) == 0
    assert time.monotonic() - signalled >= DELAY

    again = Proxy(provider.url, tmp_path)
    stored = {span["session_id"]: span for span in again.spans()}
    assert set(stored) == {long, *marks} and len(marks) > 3
    assert {span["end_reason"] for span in stored.values()} == {"complete"}
    assert again.stop() == 0


def test_a_second_signal_skips_the_rest_of_the_delay(provider, tmp_path):
    proxy = Proxy(provider.url, tmp_path, env={"LLMTRACE_SHUTDOWN__DELAY_SECONDS": "600"})
    proxy.process.send_signal(signal.SIGTERM)
    poll("readyz 503", lambda: ask(proxy.port, "/readyz")[0] == 503)
    proxy.process.send_signal(signal.SIGINT)
    assert proxy.process.wait(timeout=15) == 0


def test_a_balancer_that_follows_readyz_has_no_connection_refused(provider, tmp_path):
    """Restarts under load: the balancer goes by `/readyz` alone, as endpoints do, and hears of it late."""
    interval = 0.2
    env = {"LLMTRACE_SHUTDOWN__DELAY_SECONDS": "1", "LLMTRACE_LOGGING__LEVEL": "warn"}
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    proxies = [Proxy(provider.url, folder, env=env) for folder in folders]
    ports = [proxy.port for proxy in proxies]
    ready, stop, failed, sent = dict.fromkeys(ports, True), threading.Event(), [], [0]

    def probe():
        while not stop.wait(interval):
            for port in ports:
                try:
                    ready[port] = ask(port, "/readyz")[0] == 200
                except OSError:
                    ready[port] = False

    def load(n: int):
        while not stop.is_set():
            targets = [port for port in ports if ready[port]]
            if not targets:
                return failed.append("no proxy is ready")
            port = targets[(sent[0] + n) % len(targets)]
            sent[0] += 1
            try:
                status = chat(port, new_mark())[0]
                if status != 200:
                    failed.append(status)
            except (OSError, http.client.HTTPException) as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=probe), *(threading.Thread(target=load, args=(n,)) for n in range(4))]
    for thread in threads:
        thread.start()
    try:
        for n, folder in enumerate(folders):
            assert proxies[n].stop() == 0, proxies[n].said()
            proxies[n] = Proxy(provider.url, folder, port=ports[n], env=env)
            poll("the balancer", lambda n=n: ready[ports[n]])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for proxy in proxies:
            proxy.stop()
    assert failed == [] and sent[0] > 50, f"{len(failed)} of {sent[0]}: {failed[:3]}"
