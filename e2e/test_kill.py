"""`kill -9` at random moments under load, then a start on the same folder: nothing is lost, nothing is there twice.

`LLMTRACE_KILLS` says how often (3; `make crash` does 20), `LLMTRACE_KILL_SEED` repeats a run.
"""

import collections
import http.client
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from harness import Proxy, get, marked, new_mark, openai_usage, poll

KILLS = int(os.environ.get("LLMTRACE_KILLS", "3"))
SEED = int(os.environ.get("LLMTRACE_KILL_SEED", str(random.SystemRandom().randrange(1 << 32))))
WORKERS = 12
# What the journal is promised to have taken by then.
GRACE = 0.25


@dataclass
class Sent:
    """One request of the load, as its client saw it."""

    mark: str
    at: float
    streamed: bool
    answered_at: float | None = None
    usage: dict | None = None


@dataclass
class Round:
    number: int
    killed_at: float = 0.0
    sent: list = field(default_factory=list)
    ready_s: float = 0.0


def request(connection: http.client.HTTPConnection, sent: Sent, agent: str):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say something " * random.randint(1, 40)}]}
    headers = {"content-type": "application/json", "x-llmtrace-agent-id": agent} | marked(sent.mark)
    if sent.streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        headers |= {"x-fake-chunks": str(random.randint(1, 60)), "x-fake-delay-ms": "15"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, (answer.status, text)
    if sent.streamed:
        text = text.split("data: ")[-2]
    sent.usage = json.loads(text)["usage"]
    # Last, since it says that the rest is there.
    sent.answered_at = time.monotonic()


def work(port: int, streamed: bool, agent: str, into: list, stop: threading.Event):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while not stop.is_set():
        sent = Sent(new_mark(), time.monotonic(), streamed)
        into.append(sent)
        try:
            request(connection, sent, agent)
        except (OSError, http.client.HTTPException, ValueError, IndexError):
            return  # The proxy was killed: the request stays unanswered.


def load_and_kill(proxy: Proxy, round: Round, rng: random.Random):
    stop = threading.Event()
    agent = f"round-{round.number}"
    lists = [[] for _ in range(WORKERS)]
    jobs = [(proxy.port, i % 2 == 0, agent, lists[i], stop) for i in range(WORKERS)]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0.4, 2.0))
    round.killed_at = time.monotonic()
    proxy.kill()
    stop.set()
    for thread in threads:
        thread.join()
    round.sent = [sent for part in lists for sent in part]


def is_drained(proxy: Proxy) -> bool:
    journal = get(proxy.url + "/health")["dependencies"]["journal"]
    return journal["records"] == 0 and not journal["scanning"]


def judge(round: Round, proxy: Proxy, bill: list) -> dict:
    """Compares what clients saw with what is stored."""
    stored = collections.defaultdict(list)
    for span in proxy.spans(agent_id=f"round-{round.number}"):
        stored[span["session_id"]].append(span)
    finished = {line["label"] for line in bill if line["answered"]}
    before = round.killed_at - GRACE
    answered = [s for s in round.sent if s.answered_at and s.answered_at <= before]
    open_ = [s for s in round.sent if not s.answered_at and s.at <= before]
    # The provider had sent everything, but the client had not read it: how it ended is open.
    cut = [s for s in open_ if s.mark not in finished]
    wrong = [s for s in answered for span in stored[s.mark] if span["end_reason"] != "complete"]
    wrong += [s for s in answered for span in stored[s.mark] if span["usage"] != openai_usage(s.usage)]
    wrong += [s for s in cut for span in stored[s.mark] if span["end_reason"] != "interrupted"]
    return {
        "kill": round.number,
        "sent": len(round.sent),
        "answered": len(answered),
        "open": len(open_),
        "last 250 ms": len(round.sent) - len(answered) - len(open_),
        "stored": sum(len(spans) for spans in stored.values()),
        "interrupted": sum(s["end_reason"] == "interrupted" for spans in stored.values() for s in spans),
        "duplicated": sum(len(spans) > 1 for spans in stored.values()),
        "missing": sum(len(stored[s.mark]) == 0 for s in answered + open_),
        "wrong": len(wrong),
        "unknown": len(set(stored) - {s.mark for s in round.sent}),
        "ready s": f"{round.ready_s:.2f}",
    }


def show(rows: list):
    totals = {k: sum(r[k] for r in rows) if isinstance(rows[0][k], int) else "" for k in rows[0]} | {"kill": "all"}
    widths = {k: max(len(k), 6) for k in rows[0]}
    print(f"\nkill -9 under load, seed {SEED}")
    print("  ".join(k.rjust(w) for k, w in widths.items()))
    for row in [*rows, totals]:
        print("  ".join(str(row[k]).rjust(w) for k, w in widths.items()))


@pytest.mark.kill
def test_every_exchange_survives_kill_9_exactly_once(provider, tmp_path, capsys):
    rng = random.Random(SEED)
    proxy = Proxy(provider.url, tmp_path)
    rows = []
    try:
        for number in range(1, KILLS + 1):
            round = Round(number)
            load_and_kill(proxy, round, rng)
            started = time.monotonic()
            proxy = Proxy(provider.url, tmp_path, port=proxy.port)
            round.ready_s = time.monotonic() - started
            poll("an empty journal", lambda: is_drained(proxy), deadline=60)
            rows.append(judge(round, proxy, provider.bill()))
        # Once more, later: no replay may have added to an earlier round.
        proxy.kill()
        proxy = Proxy(provider.url, tmp_path, port=proxy.port)
        again = [len(proxy.spans(agent_id=f"round-{row['kill']}")) for row in rows]
    finally:
        proxy.kill()
        if rows:
            with capsys.disabled():
                show(rows)
    assert again == [row["stored"] for row in rows]
    for row in rows:
        bad = {k: row[k] for k in ("duplicated", "missing", "wrong", "unknown") if row[k]}
        assert not bad, f"kill {row['kill']} of seed {SEED}: {bad}"
    assert sum(row["answered"] for row in rows) > 0 and sum(row["interrupted"] for row in rows) > 0
