"""Servers and settings that do not fit: `check --connect`, `doctor` and `/health` say which setting is wrong and what to do,
nobody says a password, and the proxy goes on forwarding."""

import concurrent.futures
import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

import engines
import pytest
from chaos.faults import FaultProxy
from chaos.world import clickhouse
from harness import BIN, Proxy, get, poll

# What must never be said. It has what breaks URLs, and nothing that a shell or a file of YAML would.
SECRET = "hunter2@:/%?# x"
QUOTED = urllib.parse.quote(SECRET, safe="")
USER = "somebody"
NOWHERE = "no-such-host.invalid"


@dataclass
class Case:
    """Settings over those that work, and what is to be said of them."""

    name: str
    env: dict
    # The setting's name and a word of the remedy.
    says: tuple[str, str] | None = None
    # The start is refused at once: with the configuration, or where a server that is there must not be touched.
    refused: bool = False
    # A server that appears only when the proxy runs: what is refused at the start is found later, too.
    later: FaultProxy | None = None
    found: dict = field(default_factory=dict)


class Patient(Proxy):
    """A start tries each server once, and waits for one that never answers."""

    def wait_ready(self):
        for last in (False, False, True):
            try:
                return super().wait_ready()
            except AssertionError:
                if last or self.process.poll() is not None:
                    raise


class Stage:
    """The engines, and settings with which everything works."""

    def __init__(self, folder, upstream: str):
        self.folder, self.closing = folder, []
        with concurrent.futures.ThreadPoolExecutor() as pool:
            started = [pool.submit(engines.clickhouse, folder, USER, SECRET), pool.submit(engines.postgres, folder), pool.submit(engines.redis, folder, SECRET)]
            self.clickhouse, self.postgres, self.redis = [self.close_later(future.result()) for future in started]
        engines.psql(self.postgres.socket, f"CREATE ROLE {USER} LOGIN PASSWORD '{SECRET}' CREATEDB")
        engines.redis_user(self.redis.port, SECRET, USER, SECRET, "+@all")
        engines.redis_user(self.redis.port, SECRET, "narrow", SECRET, "+@connection")
        for name in ("good", "newer"):
            engines.psql(self.postgres.socket, f"CREATE DATABASE {name} OWNER {USER}")
        self.authority, self.stranger = engines.Authority(folder, "authority"), engines.Authority(folder, "stranger")
        identity = self.authority.issue("localhost")
        self.tls = {name: self.close_later(engines.TlsFront(identity, port, asks)).port for name, port, asks in [
            ("clickhouse", self.clickhouse.port, False), ("postgres", self.postgres.port, True), ("redis", self.redis.port, False)]}
        self.good = {
            "LLMTRACE_UPSTREAM_URL": upstream,
            "LLMTRACE_STORAGE__PROFILE": "production",
            "LLMTRACE_CLICKHOUSE_URL": f"http://{USER}@127.0.0.1:{self.clickhouse.port}",
            "LLMTRACE_CLICKHOUSE_PASSWORD": SECRET,
            "LLMTRACE_CLICKHOUSE_DATABASE": "good",
            "LLMTRACE_POSTGRES_URL": f"postgres://{USER}@127.0.0.1:{self.postgres.port}/good",
            "LLMTRACE_POSTGRES_PASSWORD": SECRET,
            "LLMTRACE_REDIS_URL": f"redis://127.0.0.1:{self.redis.port}",
            "LLMTRACE_REDIS_PASSWORD": SECRET,
        }

    def close_later(self, thing):
        self.closing.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.closing):
            (thing.stop if isinstance(thing, FaultProxy) else thing.close)()

    def settings(self, env: dict) -> dict:
        """With those that work; None takes one away."""
        return {k: v for k, v in (self.good | env).items() if v is not None}

    def run(self, env: dict, *args: str):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMTRACE_")}
        settings = self.settings({"LLMTRACE_STORAGE__PATH": str(self.folder / "unused")} | env)
        return subprocess.run([str(BIN / "llmtrace-proxy"), *args], env=clean | settings, capture_output=True, text=True, check=False, timeout=60)


def cases(stage: Stage) -> list[Case]:
    """Every engine with everything that can be wrong about it."""
    ca, wrong_ca = str(stage.authority.path), str(stage.stranger.path)
    found = []
    for engine, scheme, path, port in [("clickhouse", "http", "", stage.clickhouse.port), ("postgres", "postgres", "/good", stage.postgres.port), ("redis", "redis", "", stage.redis.port)]:
        upper = f"LLMTRACE_{engine.upper()}"
        url = lambda place, user=USER, path=path, scheme=scheme: {f"{upper}_URL": f"{scheme}://{user}@{place}{path}"}
        here, closed = f"127.0.0.1:{port}", f"127.0.0.1:{engines.free_port()}"
        add = lambda name, env, says=None, engine=engine, **more: found.append(Case(f"{engine}: {name}", env, says and (f"{engine}.{says[0]}", says[1]), **more))

        add("a password apart", {})
        add("a password in the URL, encoded", url(here, f"{USER}:{QUOTED}") | {f"{upper}_PASSWORD": None})
        add("a password in the URL as it is", url(here, f"{USER}:{SECRET}") | {f"{upper}_PASSWORD": None})
        add("another scheme", {f"{upper}_URL": f"ftp://{USER}:{QUOTED}@{here}{path}"}, ("url", "expected a URL such as"), refused=True)
        add("no scheme", {f"{upper}_URL": f"{USER}:{QUOTED}@{here}{path}"}, ("url", "expected a URL such as"), refused=True)
        add("a closed port", url(closed), ("url", "or correct"))
        add("an unknown host", url(f"{NOWHERE}:{port}"), ("url", "correct"))
        add("a wrong password", {f"{upper}_PASSWORD": SECRET + "!"}, ("password", "correct it"))
        add("a wrong password in the URL", url(here, f"{USER}:{QUOTED}x") | {f"{upper}_PASSWORD": None}, ("password", "correct it"))
        add("a port that never answers", url(f"127.0.0.1:{stage.silent}"), ("url", "firewall"))
        add("the port of another engine", url(f"127.0.0.1:{stage.postgres.port if engine == 'redis' else stage.redis.port}"), ("url", "correct"))
    add = lambda name, env, says=None, **more: found.append(Case(name, env, says, **more))

    # ClickHouse
    one = stage.clickhouse.port
    url = lambda scheme, host, port: {"LLMTRACE_CLICKHOUSE_URL": f"{scheme}://{USER}@{host}:{port}"}
    bundle = lambda path: {"LLMTRACE_CLICKHOUSE__CA_BUNDLE": path}
    tls = stage.tls["clickhouse"]
    add("clickhouse: a missing database is made", {"LLMTRACE_CLICKHOUSE_DATABASE": "made"})
    add("clickhouse: TLS", url("https", "localhost", tls) | bundle(ca))
    add("clickhouse: TLS of an unknown authority", url("https", "localhost", tls), ("clickhouse.ca_bundle", "let it name a PEM file"))
    add("clickhouse: TLS of another authority", url("https", "localhost", tls) | bundle(wrong_ca), ("clickhouse.ca_bundle", "let it name a PEM file"))
    add("clickhouse: TLS for another name", url("https", "127.0.0.1", tls) | bundle(ca), ("clickhouse.url", "name the server as its certificate does"))
    add("clickhouse: http to a port with TLS", url("http", "localhost", tls), ("clickhouse.url", "https://"))
    add("clickhouse: https to a port without TLS", url("https", "127.0.0.1", one), ("clickhouse.url", "use http://"))
    add("clickhouse: a bundle that is missing", bundle("/nowhere/ca.pem"), ("clickhouse.ca_bundle", "is no usable PEM file"), refused=True)
    old = stage.close_later(engines.Older(one, b"SELECT version()", b"SELECT '23.8.19'"))
    old.set("refuse")
    add("clickhouse: an old server", url("http", "127.0.0.1", old.port), ("clickhouse.url", "upgrade the server"), refused=True, later=old)
    newer = stage.close_later(FaultProxy("127.0.0.1", one))
    newer.set("refuse")
    add("clickhouse: a newer schema", url("http", "127.0.0.1", newer.port) | {"LLMTRACE_CLICKHOUSE_DATABASE": "newer"},
        ("clickhouse.database", "newer version, use that one"), refused=True, later=newer)

    # PostgreSQL
    one = stage.postgres.port
    url = lambda host, port, tail="good": {"LLMTRACE_POSTGRES_URL": f"postgres://{USER}@{host}:{port}/{tail}"}
    bundle = lambda path: {"LLMTRACE_POSTGRES__CA_BUNDLE": path}
    tls = stage.tls["postgres"]
    add("postgres: a missing database", url("127.0.0.1", one, "missing"), ("postgres.url", "CREATE DATABASE"))
    add("postgres: a user that is missing", {"LLMTRACE_POSTGRES_URL": f"postgres://nobody@127.0.0.1:{one}/good"}, ("postgres.password", "correct"))
    add("postgres: another sslmode", url("127.0.0.1", one, "good?sslmode=on"), ("postgres.url", "expected one of them"), refused=True)
    add("postgres: TLS", url("localhost", tls) | bundle(ca))
    add("postgres: TLS of an unknown authority", url("localhost", tls, "good?sslmode=verify-full"), ("postgres.ca_bundle", "let it name a PEM file"))
    add("postgres: TLS of another authority", url("localhost", tls) | bundle(wrong_ca), ("postgres.ca_bundle", "let it name a PEM file"))
    add("postgres: TLS for another name", url("127.0.0.1", tls) | bundle(ca), ("postgres.url", "name the server as its certificate does"))
    add("postgres: TLS with a server without", url("127.0.0.1", one, "good?sslmode=require"), ("postgres.url", "set sslmode=disable"))
    real = b"current_setting('server_version_num')::bigint"
    old = stage.close_later(engines.Older(one, real, b"'120004'::bigint"))
    old.set("refuse")
    add("postgres: an old server", url("127.0.0.1", old.port), ("postgres.url", "upgrade the server"), refused=True, later=old)
    newer = stage.close_later(FaultProxy("127.0.0.1", one))
    newer.set("refuse")
    add("postgres: a newer schema", url("127.0.0.1", newer.port, "newer"), ("postgres.url", "newer version, use that one"), refused=True, later=newer)

    # Redis
    one = stage.redis.port
    url = lambda scheme, host, port, user=USER, tail="": {"LLMTRACE_REDIS_URL": f"{scheme}://{user}@{host}:{port}{tail}"}
    bundle = lambda path: {"LLMTRACE_REDIS__CA_BUNDLE": path}
    tls = stage.tls["redis"]
    add("redis: no password", {"LLMTRACE_REDIS_URL": f"redis://127.0.0.1:{one}", "LLMTRACE_REDIS_PASSWORD": None}, ("redis.password", "set it"))
    add("redis: a user that is missing", url("redis", "127.0.0.1", one, "nobody"), ("redis.password", "correct it, or the user in redis.url"))
    add("redis: a user who may do nothing", url("redis", "127.0.0.1", one, "narrow"), ("redis.url", "give it the commands and keys"))
    add("redis: an unknown parameter", url("redis", "127.0.0.1", one, tail="?sentinel=1"), ("redis.url", "expected one of prefix"), refused=True)
    add("redis: TLS", url("rediss", "localhost", tls) | bundle(ca))
    add("redis: TLS of an unknown authority", url("rediss", "localhost", tls), ("redis.ca_bundle", "is not trusted"))
    add("redis: TLS of another authority", url("rediss", "localhost", tls) | bundle(wrong_ca), ("redis.ca_bundle", "is not trusted"))
    add("redis: TLS for another name", url("rediss", "127.0.0.1", tls) | bundle(ca), ("redis.ca_bundle", "none of its names"))
    add("redis: redis:// to a port with TLS", url("redis", "localhost", tls), ("redis.url", "rediss://"))
    add("redis: rediss:// to a port without TLS", url("rediss", "127.0.0.1", one), ("redis.url", "write redis:// for one without"))
    return found


def look(stage: Stage, provider, number: int, case: Case):
    """Asks everybody who may be asked what is wrong."""
    env, folder = case.env, stage.folder / f"case-{number}"
    folder.mkdir()
    proxy = None
    try:
        if case.later or not case.refused:
            # Whoever starts without its server serves, and finds out when the server is there.
            proxy = Patient(provider.url, folder, env=stage.settings(env))
            if case.later:
                case.later.set("pass")
            case.found["health"] = health(proxy, case)
            case.found["answer"] = ask(proxy)
        env = env | {"LLMTRACE_STORAGE__PATH": str(folder / "data")}
        for name, args in [("check", ("check", "--connect")), ("doctor", ("doctor",)), ("json", ("doctor", "--json"))]:
            case.found[name] = stage.run(env, *args)
        if case.refused:
            case.found["start"] = stage.run(env | {"LLMTRACE_LISTEN_ADDR": f"127.0.0.1:{engines.free_port()}"})
    finally:
        if proxy:
            proxy.kill()
    case.found["log"] = proxy.log.read_text(errors="replace") if proxy else ""
    return case


def health(proxy: Proxy, case: Case) -> str:
    """What /health says once it says what is expected, else the last it said."""
    said = ""

    def attempt():
        nonlocal said
        found = get(proxy.url + "/health")
        said = json.dumps(found)
        return found["status"] == "ok" if case.says is None else all(word in said for word in case.says)

    try:
        poll("the sentence", attempt, 15, 0.1)
    except AssertionError:
        pass
    return said


def ask(proxy: Proxy) -> int:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(f"{proxy.url}/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def looked(tmp_path_factory, provider):
    """Every case, looked at beside the others."""
    stage = Stage(tmp_path_factory.mktemp("servers"), provider.url)
    silent = socket.create_server(("127.0.0.1", 0))
    stage.silent = silent.getsockname()[1]
    try:
        migrated = stage.run({}, "migrate")
        assert migrated.returncode == 0, migrated.stderr
        newer = {"LLMTRACE_CLICKHOUSE_DATABASE": "newer", "LLMTRACE_POSTGRES_URL": stage.good["LLMTRACE_POSTGRES_URL"].replace("/good", "/newer")}
        migrated = stage.run(newer, "migrate")
        assert migrated.returncode == 0, migrated.stderr
        clickhouse(f"http://{USER}:{QUOTED}@127.0.0.1:{stage.clickhouse.port}", "INSERT INTO newer.schema_versions (version) VALUES (99)")
        engines.psql(f"{stage.postgres.socket}".replace("/postgres?", "/newer?"), "INSERT INTO llmtrace.schema_versions (version) VALUES (99)")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            yield list(pool.map(lambda case: look(stage, provider, *case), enumerate(cases(stage))))
    finally:
        silent.close()
        stage.close()


def all_that_was_said(case: Case) -> dict[str, str]:
    """By who said it."""
    said = {name: case.found[name] for name in ("health", "log") if name in case.found}
    for name in ("check", "doctor", "json", "start"):
        if run := case.found.get(name):
            said[name] = run.stdout + run.stderr
    return said


def test_every_sentence_names_the_setting_and_the_remedy(looked):
    wrong = []
    for case in looked:
        for who, said in all_that_was_said(case).items():
            if case.says and who != "log":
                wrong += [f"{case.name}, {who}: {word!r} is not in {said[-1500:]}" for word in case.says if word not in said]
    assert not wrong, "\n\n".join(wrong)


def test_what_is_right_is_taken(looked):
    wrong = []
    for case in looked:
        if case.says is None:
            code = {name: case.found[name].returncode for name in ("check", "doctor", "json")}
            well = json.loads(case.found["health"])["status"] == "ok"
            if code != dict.fromkeys(code, 0) or not well:
                wrong.append(f"{case.name}: {code} {case.found['health']}\n{case.found['check'].stderr}{case.found['doctor'].stdout}")
    assert not wrong, "\n\n".join(wrong)


def test_what_is_wrong_ends_with_another_code(looked):
    for case in looked:
        if case.says:
            code = {name: case.found[name].returncode for name in ("check", "doctor", "json", "start") if name in case.found}
            assert 0 not in code.values(), (case.name, code)


def test_nobody_says_a_password_or_a_user(looked):
    for case in looked:
        for who, said in all_that_was_said(case).items():
            for secret in (SECRET, QUOTED, "hunter2", f"{USER}:", f"{USER}@"):
                assert secret not in said, (case.name, who, said)


def test_a_proxy_that_runs_goes_on_forwarding(looked):
    answers = {case.name: case.found["answer"] for case in looked if "answer" in case.found}
    assert len(answers) > 20 and set(answers.values()) == {200}, answers
