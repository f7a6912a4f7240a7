"""Proxies of one profile with their engines, and the comparison of what was sent with what is stored."""

import collections
import http.client
import itertools
import os
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from harness import Provider, Proxy, get, poll

from .faults import FaultProxy
from .load import Load, Sent

# What the journal is promised to have taken before a kill.
GRACE_S = 0.25
# What a client may take from being connected to noting when it was.
NOTING_S = 0.05
ENGINES = ("CLICKHOUSE", "POSTGRES", "REDIS")


@dataclass(frozen=True)
class Kill:
    """A death by SIGKILL: when the signal was sent, and when nothing was left of the process."""

    at: float
    gone: float

    @classmethod
    def of(cls, proxy: Proxy):
        at = time.monotonic()
        proxy.kill()
        return cls(at, time.monotonic())

    def hit(self, sent: Sent) -> bool:
        """Whether it may have cost the exchange its answer, or its last record."""
        ended = sent.answered_at or sent.failed_at or time.monotonic()
        return sent.connected_at <= self.gone + NOTING_S and self.at <= ended + GRACE_S

    def buried(self, sent: Sent) -> bool:
        """Whether the exchange was written into a connection whose proxy was gone: nobody received it."""
        return sent.answered_at is None and sent.connected_at <= self.gone + NOTING_S < sent.at

    def blurs(self, sent: Sent) -> bool:
        """Whether it was so near that the journal may have less."""
        return self.at - GRACE_S < (sent.answered_at or sent.at) <= self.gone + GRACE_S


@dataclass(frozen=True)
class Sums:
    """What exchanges add up to."""

    requests: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other):
        return Sums(self.requests + other.requests, self.tokens + other.tokens, self.cost + other.cost)


class CannotRun(Exception):
    """The machine has not what a case needs."""


@dataclass
class Outcome:
    """One row of the table, and which promises were broken."""

    case: str
    sent: int = 0
    stored: int = 0
    duplicated: int = 0
    missing: int = 0
    interrupted: int = 0
    shed: int = 0
    client_errors: int = 0
    recovery_s: float = 0.0
    peak_mib: int = 0
    note: str = ""
    broken: list = field(default_factory=list)

    def promise(self, held: bool, words: str):
        if not held:
            self.broken.append(words)


class World:
    """Where one case happens; everything it started ends with it."""

    def __init__(self, folder: Path, profile: str, rate: float, seconds: float):
        self.folder, self.profile, self.rate, self.seconds = folder, profile, rate, seconds
        # More than are on their way at once; what it received is not asked for here.
        self.provider = Provider("--keep", "200")
        self.proxies: list[Proxy] = []
        self.closing = []
        self.faults: dict[str, FaultProxy] = {}
        self.lock = None
        self.extra: dict[str, str] = {}
        if profile == "production":
            self._production()

    def _production(self):
        """Databases of its own, each behind a proxy for faults."""
        name = f"chaos_{uuid.uuid4().hex[:12]}"
        urls = {}
        for engine in ENGINES:
            url = os.environ.get(f"LLMTRACE_TEST_{engine}_URL")
            if not url:
                raise CannotRun(f"LLMTRACE_TEST_{engine}_URL is not set: run `make chaos`, or start the engines with `scripts/engines.sh`")
            parts = urllib.parse.urlsplit(url)
            fault = self.faults[engine] = FaultProxy(parts.hostname, parts.port)
            user = parts.netloc.rpartition("@")[0]
            place = f"{user}@127.0.0.1:{fault.port}" if user else f"127.0.0.1:{fault.port}"
            urls[engine] = (url, urllib.parse.urlunsplit(parts._replace(netloc=place)))
        admin = urls["POSTGRES"][0]
        subprocess.run(["psql", admin, "-qc", f"CREATE DATABASE {name}"], check=True)
        self.closing.append(lambda: subprocess.run(["psql", admin, "-qc", f"DROP DATABASE {name} WITH (FORCE)"], check=False))
        self.closing.append(lambda: clickhouse(urls["CLICKHOUSE"][0], f"DROP DATABASE IF EXISTS {name}"))
        postgres = urllib.parse.urlsplit(urls["POSTGRES"][1])._replace(path=f"/{name}").geturl()
        self.extra = {
            "LLMTRACE_STORAGE__PROFILE": "production",
            "LLMTRACE_CLICKHOUSE_URL": urls["CLICKHOUSE"][1],
            "LLMTRACE_CLICKHOUSE_DATABASE": name,
            "LLMTRACE_POSTGRES_URL": postgres,
            "LLMTRACE_REDIS_URL": urls["REDIS"][1],
        }

    def start(self, name: str = "a", port: int | None = None, env: dict | None = None) -> Proxy:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = {"LLMTRACE_LOGGING__LEVEL": "warn"} | self.extra | (env or {})
        proxy = Proxy(self.provider.url, folder, port=port, env=settings)
        self.proxies.append(proxy)
        return proxy

    def load(self, proxy_or_port, agent: str, **options) -> Load:
        port = getattr(proxy_or_port, "port", proxy_or_port)
        return Load(port, agent, options.pop("rate", self.rate), **options)

    def store_away(self, name: str = "a"):
        """Takes the span store away: ClickHouse refuses, SQLite is locked by another process."""
        if self.profile == "production":
            self.faults["CLICKHOUSE"].set("refuse")
        else:
            self.lock = sqlite3.connect(self.folder / name / "data" / "llmtrace.db", timeout=30, isolation_level=None, check_same_thread=False)
            self.lock.execute("BEGIN EXCLUSIVE")

    def store_back(self):
        if self.profile == "production":
            self.faults["CLICKHOUSE"].set("pass")
        elif self.lock:
            self.lock.execute("ROLLBACK")
            self.lock.close()
            self.lock = None

    def journal_files(self, name: str = "a") -> list[Path]:
        return sorted((self.folder / name / "data" / "journal").rglob("*.seg"))

    def close(self):
        self.store_back()
        for proxy in self.proxies:
            if proxy.process.poll() is None:
                proxy.kill()
        self.provider.kill()
        for fault in self.faults.values():
            fault.set("pass")
        for work in reversed(self.closing):
            work()
        for fault in self.faults.values():
            fault.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def clickhouse(url: str, statement: str):
    parts = urllib.parse.urlsplit(url)
    user = urllib.parse.unquote(parts.username or "default")
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": urllib.parse.unquote(parts.password or "")}
    request = urllib.request.Request(f"{parts.scheme}://{parts.hostname}:{parts.port}/", statement.encode(), headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).read()


def journal(proxy: Proxy) -> dict:
    return get(proxy.url + "/health")["dependencies"]["journal"]


def caught_up(proxy: Proxy, within: int = 0) -> bool:
    found = journal(proxy)
    return found["records"] <= within and not found["scanning"]


def recovered(proxy: Proxy, since: float, rate: float, deadline: float = 180) -> float:
    """Seconds until no more waits in the journal than comes in a second."""
    poll("recovery", lambda: caught_up(proxy, int(rate)), deadline, 0.1)
    return time.monotonic() - since


def metric(proxy: Proxy, name: str, **labels) -> float:
    """A metric summed over its series, or those with these labels."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    text = opener.open(proxy.url + "/metrics", timeout=10).read().decode()
    total = 0.0
    for line in text.splitlines():
        found = re.match(rf"{name}(\{{.*\}})? (\S+)", line)
        if found and all(f'{k}="{v}"' in (found[1] or "") for k, v in labels.items()):
            total += float(found[2])
    return total


def peak_mib(proxy: Proxy) -> int:
    status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


def silent_probes(proxy: Proxy) -> list[str]:
    """What an orchestrator or a person asks and gets no good answer to in time; a store that fails is no reason to be restarted."""
    wrong = []
    for path in ("/livez", "/readyz", "/health", "/metrics"):
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(proxy.url + path, timeout=5).read()
        except (OSError, http.client.HTTPException) as error:
            wrong.append(f"{path}: {error!r}")
    return wrong


def rss_mib(proxy: Proxy) -> int:
    """Resident memory now."""
    status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def judge(case: str, world: World, load: Load, asked: list[Proxy], kills: list[Kill] = (), drain: float = 180) -> Outcome:
    """Compares what clients saw with what the API of the proxies `asked` gives; each has a store of its own."""
    for proxy in asked:
        # Twice: the last answers may not have reached the journal when it is first asked.
        for _ in range(2):
            poll("an empty journal", lambda proxy=proxy: caught_up(proxy) and metric(proxy, "llmtrace_in_flight_requests") == 0, drain, 0.1)
            time.sleep(0.3)
    stored = collections.defaultdict(list)
    totals = collections.defaultdict(Sums)
    for proxy in asked:
        for span in proxy.spans(agent_id=load.agent):
            stored[span["session_id"]].append(span)
        asks = f"agent_id={load.agent}&group_by=tenant_id&from=2020-01-01T00:00:00Z&until=2099-01-01T00:00:00Z"
        for group in get(f"{proxy.url}/api/v1/stats?{asks}", 60)["groups"]:
            sums = group["total"]
            totals[group["key"]["tenant_id"]] += Sums(sums["requests"], sums["usage"]["total"], Decimal(sums["cost_usd"]))
    out = Outcome(case, sent=len(load.sent), stored=sum(map(len, stored.values())))
    out.duplicated = sum(len(spans) > 1 for spans in stored.values())
    out.interrupted = sum(s["end_reason"] == "interrupted" for spans in stored.values() for s in spans)
    out.shed = sum(int(metric(p, "llmtrace_shed_total")) for p in asked)
    out.peak_mib = max(peak_mib(p) for p in asked)
    wrong = 0
    for sent in load.sent:
        if any(kill.buried(sent) for kill in kills):
            out.sent -= 1
            continue
        spans = stored[sent.mark]
        killed = any(kill.hit(sent) for kill in kills)
        out.missing += not spans and not any(kill.blurs(sent) for kill in kills)
        out.client_errors += sent.answered_at is None and not killed
        if sent.answered_at and not killed:
            wrong += any(s["end_reason"] != "complete" or (s["usage"] or {}).get("total") != sent.tokens for s in spans)
    out.promise(out.duplicated == 0, f"{out.duplicated} exchanges are stored more than once")
    out.promise(wrong == 0, f"{wrong} answered exchanges are stored with another end or other usage than their clients saw")
    strangers = len(set(stored) - {s.mark for s in load.sent})
    out.promise(strangers == 0, f"{strangers} spans belong to no exchange")
    # What each exchange adds is added once, to its own tenant; and its tenant was seen.
    spent = collections.defaultdict(Sums)
    for span in itertools.chain.from_iterable(stored.values()):
        spent[span["tenant_id"]] += Sums(1, (span["usage"] or {"total": 0})["total"], Decimal(span["cost_usd"] or 0))
    out.promise(totals == spent, f"sums say {dict(totals)}, the spans {dict(spent)}")
    belongs = {s.mark: s.tenant for s in load.sent}
    strayed = sum(span["tenant_id"] != belongs.get(mark) for mark, spans in stored.items() for span in spans)
    out.promise(strayed == 0, f"{strayed} spans are stored for another tenant")
    # A store of tenants that was away is left alone for ten seconds.
    listed = lambda: {tenant["tenant_id"] for proxy in asked for tenant in get(f"{proxy.url}/api/v1/tenants", 60)["items"]}
    try:
        poll("every tenant", lambda: set(spent) <= listed(), 20, 0.5)
    except AssertionError:
        out.promise(False, f"tenants with spans are not listed: {sorted(set(spent) - listed())}")
    errors = collections.Counter(s.error for s in load.sent if s.error and not any(kill.hit(s) for kill in kills))
    out.promise(out.client_errors == 0, f"{out.client_errors} clients saw an error: {errors.most_common(3)}")
    return out


def nothing_lost(out: Outcome):
    out.promise(out.missing == 0, f"{out.missing} exchanges are not stored")
    out.promise(out.shed == 0, f"{out.shed} records were shed")
    return out
