"""The faults. Each case is a function of its world that returns what came of it."""

import os
import random
import shutil
import time
from pathlib import Path

from harness import poll

from .engines import Clickhouse, Redis, fill, small_disk
from .faults import Balancer
from .load import Reads
from .world import CannotRun, Kill, Outcome, World, caught_up, judge, metric, nothing_lost, peak_mib, recovered, rss_mib, silent_probes

CASES = {}
BOTH = ("lite", "production")
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
# Most resident memory while a store is away.
MEMORY_MIB = 200
BACKLOG = int(os.environ.get("CHAOS_BACKLOG_BYTES", str(1 << 30)))


def case(name: str, profiles=("production",)):
    def register(run):
        CASES[name] = (run, profiles)
        return run

    return register


# -- processes --


@case("kill -9", BOTH)
def kill(world: World, times: int = KILLS) -> Outcome:
    proxy = world.start()
    load = world.load(proxy, "kill")
    kills, ready = [], []
    for _ in range(times):
        time.sleep(random.uniform(0.5, 2.0))
        kills.append(Kill.of(proxy))
        proxy = world.start(port=proxy.port)
        ready.append(time.monotonic() - kills[-1].at)
    since = time.monotonic()
    recovery = recovered(proxy, since, world.rate)
    load.stop()
    out = nothing_lost(judge("kill -9", world, load, [proxy], kills))
    out.recovery_s, out.note = recovery + max(ready), f"{times} kills, ready again after {max(ready):.1f} s at most"
    out.promise(out.interrupted > 0, "no kill hit an open exchange")
    return out


@case("rolling restart", BOTH)
def rolling(world: World) -> Outcome:
    names = ["a", "b"]
    delay = {"LLMTRACE_SHUTDOWN__DELAY_SECONDS": "1"}
    proxies = {name: world.start(name, env=delay) for name in names}
    balancer = Balancer([proxies[n].port for n in names])
    load = world.load(balancer.port, "rolling", keep_alive=False)
    slowest = 0.0
    for _ in range(max(1, int(world.seconds / 15))):
        for name in names:
            time.sleep(1.5)
            since = time.monotonic()
            # As in Kubernetes: SIGTERM first, and a moment later nobody is sent there any more.
            proxies[name].process.terminate()
            time.sleep(0.5)
            balancer.ports = [proxies[n].port for n in names if n != name]
            # Not stop(): a second signal ends the delay.
            status = proxies[name].process.wait(30)
            assert status == 0, f"exit status {status}: {proxies[name].said()}"
            proxies[name] = world.start(name, port=proxies[name].port, env=delay)
            balancer.ports = [proxies[n].port for n in names]
            slowest = max(slowest, time.monotonic() - since)
    time.sleep(1)
    load.stop()
    balancer.stop()
    # One store for both in production; each its own in lite.
    asked = list(proxies.values())
    for proxy in asked:
        poll("an empty journal", lambda proxy=proxy: caught_up(proxy), 60)
    out = nothing_lost(judge("rolling restart", world, load, asked[:1] if world.profile == "production" else asked))
    out.recovery_s, out.note = slowest, "stop to ready, slowest"
    return out


# -- the span store --


def during(world: World, name: str, begin, end, times: int = 1, reads: bool = False) -> Outcome:
    """Load before, during and after a fault of `times` the usual length; `reads`: which may not be seen in answers of the API."""
    proxy = world.start()
    load = world.load(proxy, name.replace(" ", "-"))
    asked = Reads(proxy, load.agent) if reads else None
    time.sleep(2)
    begin()
    seconds = world.seconds * times
    time.sleep(seconds / 2)
    half, silent = rss_mib(proxy), silent_probes(proxy)
    time.sleep(seconds / 2)
    whole, waiting = rss_mib(proxy), peak_mib(proxy)
    end()
    since = time.monotonic()
    recovery = recovered(proxy, since, world.rate, 600)
    time.sleep(1)
    load.stop()
    out = nothing_lost(judge(name, world, load, [proxy]))
    out.recovery_s, out.note = recovery, f"fault of {seconds:g} s; {half} MiB in its middle, {whole} at its end"
    out.promise(waiting <= MEMORY_MIB, f"memory grew to {waiting} MiB during the fault")
    out.promise(not silent, f"during the fault {silent}")
    if asked:
        asked.stop()
        hits = int(metric(proxy, "llmtrace_cache_reads_total", outcome="hit"))
        out.note += f"; {len(asked.seconds)} questions to the API, {hits} answered from Redis, the slowest after {max(asked.seconds, default=0):.1f} s"
        out.promise(not asked.errors, f"questions to the API failed: {asked.errors[:3]}")
        out.promise(asked.went_back == 0, f"sums went back {asked.went_back} times")
    return out


@case("store away", BOTH)
def store_away(world: World) -> Outcome:
    return during(world, "store away", world.store_away, world.store_back)


@case("store away for long", BOTH)
def store_away_for_long(world: World) -> Outcome:
    return during(world, "store away for long", world.store_away, world.store_back, times=10)


@case("clickhouse killed")
def clickhouse_killed(world: World) -> Outcome:
    """kill -9 of the engine itself, in the middle of whatever it was doing."""
    engine = Clickhouse(world, Path(f"{world.folder}-clickhouse"))
    return during(world, "clickhouse killed", engine.kill, engine.begin)


@case("clickhouse disk full")
def clickhouse_disk_full(world: World) -> Outcome:
    """The disk of a real engine."""
    disk = small_disk(world, "clickhouse-disk", "512m")
    Clickhouse(world, disk / "data")
    full = []
    return during(world, "clickhouse disk full", lambda: full.append(fill(disk)), lambda: full.pop().unlink())


def engine_fault(engine: str, mode: str, words: str, reads: bool = False):
    name = f"{engine.lower()} {words}"

    @case(name)
    def run(world: World) -> Outcome:
        fault = world.faults[engine]
        return during(world, name, lambda: fault.set(mode), lambda: fault.set("pass"), reads=reads)


engine_fault("CLICKHOUSE", "hang", "hangs")
engine_fault("CLICKHOUSE", "reset", "resets")
engine_fault("CLICKHOUSE", "lossy", "loses answers")
engine_fault("CLICKHOUSE", "error-500", "answers 500")
engine_fault("CLICKHOUSE", "disk-full", "says disk full")
engine_fault("CLICKHOUSE", "slow", "slow")
engine_fault("POSTGRES", "refuse", "down", reads=True)
engine_fault("POSTGRES", "hang", "hangs", reads=True)
engine_fault("REDIS", "refuse", "down", reads=True)
engine_fault("REDIS", "hang", "hangs", reads=True)


# -- Redis --


@case("redis restarted empty")
def redis_empty(world: World) -> Outcome:
    redis = Redis(world)
    world.faults["REDIS"].retarget("127.0.0.1", redis.port)
    return during(world, "redis restarted empty", redis.kill, redis.begin, reads=True)


@case("redis sentinel failover")
def redis_failover(world: World) -> Outcome:
    master = Redis(world)
    replica = Redis(world, "--replicaof", "127.0.0.1", str(master.port))
    watch = (
        f"sentinel monitor chaos 127.0.0.1 {master.port} 1\nsentinel down-after-milliseconds chaos 1000\n"
        "sentinel failover-timeout chaos 5000\n"
    )
    sentinel = Redis(world, "--sentinel", config=watch)
    poll("the replica", lambda: "slave0" in master.cli("info", "replication") and str(replica.port) in sentinel.cli("sentinel", "replicas", "chaos"))
    world.extra["LLMTRACE_REDIS_URL"] = f"redis+sentinel://127.0.0.1:{sentinel.port}/chaos"
    promoted = lambda: poll("a new master", lambda: str(replica.port) in sentinel.cli("sentinel", "get-master-addr-by-name", "chaos"), 60)
    return during(world, "redis sentinel failover", master.kill, promoted, reads=True)


# -- the journal --


@case("journal disk full", BOTH)
def disk_full(world: World) -> Outcome:
    small = small_disk(world, "small", "8m")
    proxy = world.start(env={"LLMTRACE_JOURNAL__PATH": str(small / "journal")})
    load = world.load(proxy, "disk-full")
    time.sleep(1)
    filler = fill(small)
    world.store_away()
    degraded = 0.0
    end = time.monotonic() + min(world.seconds, 20)
    while time.monotonic() < end:
        degraded = max(degraded, metric(proxy, "llmtrace_journal_degraded"))
        time.sleep(0.2)
    filler.unlink()
    world.store_back()
    since = time.monotonic()
    recovery = recovered(proxy, since, world.rate)
    load.stop()
    out = judge("journal disk full", world, load, [proxy])
    out.recovery_s, out.note = recovery, "what the disk cannot take waits in memory, up to its cap"
    out.promise(degraded == 1, "the journal never said that it is degraded")
    out.promise(out.missing <= out.shed, f"{out.missing} exchanges are not stored and only {out.shed} counted as shed")
    return out


def damaged(world: World, name: str, damage) -> Outcome:
    """A backlog, a kill, damage to its files, and a start. `damage` returns how many exchanges it may cost."""
    proxy = world.start()
    load = world.load(proxy, name.replace(" ", "-"))
    time.sleep(1)
    world.store_away()
    time.sleep(min(world.seconds, 8))
    killed = Kill.of(proxy)
    load.stop()
    files = [f for f in world.journal_files() if f.stat().st_size > 4096]
    assert files, "the journal holds nothing to damage"
    cost = damage(files, max(1, len(load.sent)))
    world.store_back()
    since = time.monotonic()
    proxy = world.start(port=proxy.port)
    recovery = recovered(proxy, since, world.rate)
    out = judge(name, world, load, [proxy], [killed])
    found = int(metric(proxy, "llmtrace_journal_damaged_total"))
    out.recovery_s, out.note = recovery, f"{out.missing} lost to the damage, {found} found damaged"
    out.promise(out.missing <= cost, f"{out.missing} exchanges are lost, and the damage explains at most {cost}")
    out.promise(found > 0 or out.missing == 0, "the damage was not counted")
    # An exchange whose second record is gone is there as an interrupted one.
    out.broken = [b for b in out.broken if "another end" not in b] if out.interrupted <= cost + load_open(load) else out.broken
    return out


def load_open(load) -> int:
    return sum(s.answered_at is None for s in load.sent)


def flip_bits(files: list[Path], _sent: int) -> int:
    flips = 20
    for _ in range(flips):
        file = random.choice(files)
        with file.open("r+b") as f:
            at = random.randrange(file.stat().st_size)
            f.seek(at)
            byte = f.read(1)
            f.seek(at)
            f.write(bytes([byte[0] ^ 1 << random.randrange(8)]))
    return flips


def cut(files: list[Path], sent: int) -> int:
    file = random.choice(files)
    size = file.stat().st_size
    at = random.randrange(size)
    os.truncate(file, at)
    whole = sum(f.stat().st_size for f in files) + size - at
    # In proportion to the bytes that are gone, since records are alike; and one that was cut in two.
    return int(sent * (size - at) / whole * 1.5) + 10


@case("journal bits flipped", BOTH)
def bits_flipped(world: World) -> Outcome:
    return damaged(world, "journal bits flipped", flip_bits)


@case("journal cut", BOTH)
def journal_cut(world: World) -> Outcome:
    return damaged(world, "journal cut", cut)


@case("journal orphaned", BOTH)
def orphaned(world: World) -> Outcome:
    """Two instances share a folder of journals; one dies and does not come back, the other stores what it left."""
    first = world.start("a")
    shared = {"LLMTRACE_JOURNAL__PATH": str(world.folder / "a" / "data" / "journal")}
    (world.folder / "b" / "data").mkdir(parents=True)
    key = world.folder / "a" / "data" / "master.key"
    if key.exists():
        shutil.copy(key, world.folder / "b" / "data" / "master.key")
    if world.profile == "lite":
        # What was stored and not yet released comes again: only one store can tell.
        shared["LLMTRACE_STORAGE__SPANS"] = f"sqlite:{world.folder / 'a' / 'data' / 'llmtrace.db'}"
    second = world.start("b", env=shared)
    load = world.load(first, "orphaned")
    time.sleep(1)
    world.store_away("a")
    time.sleep(min(world.seconds, 5))
    killed = Kill.of(first)
    load.stop()
    world.store_back()
    since = time.monotonic()
    poll("the adoption", lambda: metric(second, "llmtrace_journal_replayed_total") > 0, 120, 0.1)
    recovery = recovered(second, since, 0, 120)
    out = nothing_lost(judge("journal orphaned", world, load, [second], [killed]))
    out.recovery_s = recovery
    return out


# -- time, size, start --


@case("clock jump", BOTH)
def clock_jump(world: World) -> Outcome:
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise CannotRun("libfaketime is missing: install the Debian package faketime")
    file = world.folder / "time"
    file.write_text("+0\n")
    proxy = world.start(env={
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    })
    load = world.load(proxy, "clock")
    for offset in ("+3600", "-7200", "+86400", "+0"):
        time.sleep(max(1.0, min(world.seconds, 20) / 4))
        file.write_text(offset + "\n")
    time.sleep(1)
    load.stop()
    out = nothing_lost(judge("clock jump", world, load, [proxy]))
    out.note = "+1 h, -2 h, +1 day, back"
    return out


@case("backlog drained under traffic", BOTH)
def backlog(world: World) -> Outcome:
    """A backlog above the journal's cap, then its draining beside ordinary traffic."""
    proxy = world.start(env={"LLMTRACE_JOURNAL__MAX_BYTES": str(BACKLOG)})
    world.store_away()
    big = 256 << 10
    heavy = world.load(proxy, "backlog", rate=200, body_bytes=big)
    end = time.monotonic() + 600
    while metric(proxy, "llmtrace_shed_total") == 0 and time.monotonic() < end:
        time.sleep(0.5)
    size = metric(proxy, "llmtrace_journal_bytes")
    heavy.stop()
    waiting = peak_mib(proxy)
    light = world.load(proxy, "backlog-light")
    world.store_back()
    since = time.monotonic()
    recovery = recovered(proxy, since, world.rate, 600)
    light.stop()
    beside = judge("beside", world, light, [proxy])
    out = judge("backlog drained under traffic", world, heavy, [proxy])
    out.recovery_s = recovery
    mib = size / (1 << 20)
    out.note = f"cap {BACKLOG >> 20} MiB, {mib:.0f} MiB waited, {mib / recovery:.0f} MiB/s; {waiting} MiB of memory at most before the store came back"
    out.promise(out.shed > 0, "the backlog never reached the cap")
    out.promise(size <= BACKLOG * 1.05, f"the journal grew to {size:.0f} bytes")
    out.promise(out.missing <= out.shed, f"{out.missing} exchanges are not stored and {out.shed} counted as shed")
    out.promise(beside.missing == 0 and beside.client_errors == 0, f"beside the draining {beside.missing} were lost: {beside.broken}")
    out.sent, out.stored = out.sent + beside.sent, out.stored + beside.stored
    return out


@case("start with every store away")
def cold_start(world: World) -> Outcome:
    for fault in world.faults.values():
        fault.set("refuse")
    started = time.monotonic()
    proxy = world.start()
    ready = time.monotonic() - started
    load = world.load(proxy, "cold")
    time.sleep(min(world.seconds, 20))
    for fault in world.faults.values():
        fault.set("pass")
    since = time.monotonic()
    recovery = recovered(proxy, since, world.rate)
    load.stop()
    out = nothing_lost(judge("start with every store away", world, load, [proxy]))
    out.recovery_s, out.note = recovery, f"ready after {ready:.1f} s"
    return out
