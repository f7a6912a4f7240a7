"""Sends a mixed load of exchanges over every format, and compares what the proxy stored with the provider's bill.

The bill is the fake provider's usage in the provider's own words. What it costs is computed here, from the providers'
published prices, without anything of the proxy: bucket by bucket, rounded up to the nano-dollar once an exchange.
"""

import http.client
import json
import random
import threading
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import dialects
from harness import cost, poll

# How many clients send at once. Each has one connection at a time.
CLIENTS = 16


@dataclass
class Sent:
    """One exchange as its client saw it."""

    mark: str
    dialect: str
    model: str
    status: int = 0
    cancelled: bool = False


@dataclass
class Outcome:
    """What a run found."""

    exchanges: int = 0
    by_dialect: Counter = field(default_factory=Counter)
    cancelled: int = 0
    compared: int = 0
    billed: Decimal = Decimal(0)
    stored: Decimal = Decimal(0)
    wrong: list = field(default_factory=list)


def run(proxy, provider, count: int, seed: int = 1) -> Outcome:
    """Sends `count` exchanges, waits until all are stored, and compares."""
    plan = [dialects.pick(random.Random(f"{seed}-{n}"), n) for n in range(count)]
    sent: list[Sent] = []
    lock, work = threading.Lock(), iter(enumerate(plan))

    def client():
        while True:
            with lock:
                item = next(work, None)
            if item is None:
                return
            one = send(proxy.url, f"replay-{seed}-{item[0]}", item[1])
            with lock:
                sent.append(one)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return compare(proxy, provider, sent, f"replay-{seed}-")


def send(url: str, mark: str, asked: dialects.Asked) -> Sent:
    """Sends one exchange; a client that cancels hangs up in the middle of the answer."""
    at = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    headers = {
        "content-type": "application/json",
        "x-fake-id": mark,
        "x-llmtrace-session-id": mark,
    } | asked.headers
    sent = Sent(mark, asked.dialect, asked.model)
    try:
        connection.request(asked.method, asked.path, json.dumps(asked.body), headers)
        answer = connection.getresponse()
        sent.status = answer.status
        if asked.cancel:
            answer.read(40)
            sent.cancelled = True
        else:
            answer.read()
    finally:
        connection.close()
    return sent


def compare(proxy, provider, sent: list[Sent], prefix: str) -> Outcome:
    marks = {one.mark for one in sent}

    def stored():
        spans = {s["session_id"]: s for s in proxy.spans() if (s["session_id"] or "").startswith(prefix)}
        return spans if marks <= spans.keys() else None

    spans = poll("all spans of the replay", stored, deadline=120, every=0.5)
    bill = {line["label"]: line for line in provider.bill() if line["label"] in marks}
    found = Outcome(exchanges=len(sent))
    for one in sent:
        found.by_dialect[one.dialect] += 1
        span, line = spans[one.mark], bill.get(one.mark)
        problem = judge(one, span, line, found)
        if problem:
            found.wrong.append((one.mark, one.dialect, problem))
    return found


def judge(one: Sent, span: dict, line: dict | None, found: Outcome) -> str | None:
    """What is wrong with a span, if anything; adds up both sides."""
    if span["dialect"] != one.dialect:
        return f"dialect {span['dialect']}"
    if one.status >= 400 or line is None:
        return None if span["usage"] is None else f"usage {span['usage']} of an exchange that was not billed"
    if one.cancelled and span["usage_source"] != "provider":
        # Nobody saw the usage pass: an estimate, or nothing, but never a number that looks like the provider's.
        found.cancelled += 1
        return None
    usage, units = dialects.USAGE[one.dialect](line["usage"])
    if one.cancelled and span["usage"] != usage:
        # Counters that come first (Anthropic's input) were seen; the output was cut off.
        found.cancelled += 1
        return None if span["usage"]["total"] <= usage["total"] else f"usage {span['usage']}, billed {usage}"
    if span["usage"] != usage and not (usage["total"] == 0 and span["usage"] is None):
        return f"usage {span['usage']}, billed {usage}"
    if span["units"] != units:
        return f"units {span['units']}, billed {units}"
    billed = cost(one.model, usage, units)
    charged = None if span["cost_usd"] is None else Decimal(span["cost_usd"])
    if billed != charged:
        return f"cost {charged}, billed {billed} for {usage} {units}"
    found.compared += 1
    found.billed += billed or 0
    found.stored += charged or 0
    return None
