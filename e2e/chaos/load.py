"""Numbered load at a fixed rate: every exchange has a mark of its own, and what its client saw is kept."""

import http.client
import itertools
import json
import random
import threading
import time
from dataclasses import dataclass

from harness import get, marked, new_mark

WORKERS = 64
# Among which the exchanges of a load are divided.
TENANTS = 4


@dataclass
class Sent:
    """One request, as its client saw it."""

    mark: str
    tenant: str
    streamed: bool
    at: float
    # When its connection was opened: a kill before the request may have left it one that is dead.
    connected_at: float = 0.0
    answered_at: float | None = None
    failed_at: float | None = None
    error: str = ""
    tokens: int = 0


class Load:
    """Sends `rate` requests a second to a port until it is stopped; every third is a stream."""

    def __init__(self, port: int, agent: str, rate: float, body_bytes: int = 0, keep_alive: bool = True):
        self.port, self.agent, self.rate, self.body_bytes, self.keep_alive = port, agent, rate, body_bytes, keep_alive
        self.sent: list[Sent] = []
        self.refused = 0
        self.ended = threading.Event()
        self.numbers = itertools.count()
        self.start = time.monotonic()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)
        return self

    def _work(self):
        connection, connected_at = None, 0.0
        while True:
            number = next(self.numbers)
            wait = self.start + number / self.rate - time.monotonic()
            if self.ended.wait(max(0.0, wait)):
                return
            sent = Sent(new_mark(), f"{self.agent}-{number % TENANTS}", number % 3 == 0 and not self.body_bytes, 0.0)
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                    connection.connect()
                    connected_at = time.monotonic()
            except OSError:
                # Nothing was sent: a proxy that is down is no lost exchange.
                connection = None
                self.refused += 1
                continue
            sent.at, sent.connected_at = time.monotonic(), connected_at
            self.sent.append(sent)
            try:
                self._request(connection, sent)
                if self.keep_alive:
                    continue
            except (OSError, http.client.HTTPException, ValueError, IndexError, KeyError) as error:
                sent.failed_at, sent.error = time.monotonic(), repr(error)
            connection.close()
            connection = None

    def _request(self, connection, sent: Sent):
        text = "Say something " * random.randint(1, 20)
        if self.body_bytes:
            # Letters that do not compress below three quarters.
            text = random.randbytes(self.body_bytes * 3 // 8).hex()
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
        headers = {"content-type": "application/json", "x-llmtrace-agent-id": self.agent, "x-llmtrace-tenant-id": sent.tenant} | marked(sent.mark)
        if not self.keep_alive:
            headers["connection"] = "close"
        if sent.streamed:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
            headers |= {"x-fake-chunks": str(random.randint(1, 10)), "x-fake-delay-ms": "15"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise ValueError(f"{answer.status} {text[:200]}")
        if sent.streamed:
            text = text.split("data: ")[-2]
        sent.tokens = json.loads(text)["usage"]["total_tokens"]
        # Last, since it says that the rest is there.
        sent.answered_at = time.monotonic()


class Reads:
    """Asks for the sums of a load twice a second, as a dashboard does, until it is stopped."""

    def __init__(self, proxy, agent: str):
        self.url, self.seconds, self.errors, self.last, self.went_back = proxy.url, [], [], 0, 0
        self.question = f"/api/v1/stats?agent_id={agent}&from=2020-01-01T00:00:00Z&until=2099-01-01T00:00:00Z"
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended.set()
        self.thread.join(60)
        return self

    def _ask(self):
        while not self.ended.wait(0.5):
            start = time.monotonic()
            try:
                requests = get(self.url + self.question, 30)["total"]["requests"]
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                continue
            self.seconds.append(time.monotonic() - start)
            self.went_back += requests < self.last
            self.last = requests
