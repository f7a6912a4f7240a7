"""The image as `scripts/image.sh test` built it, in containers of podman, before a fake provider and against real engines."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import Provider, free_port, get, poll  # noqa: E402

IMAGE = os.environ.get("LLMTRACE_IMAGE", "")
STORAGE = Path(os.environ.get("LLMTRACE_IMAGE_STORAGE", "/nowhere"))
# As a cluster runs it.
HARDENED = "--read-only --user 10001:10001 --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp --network host".split()
# Limits that no machine has to raise, which it may not be allowed to.
CONF = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'


def call(name: str, *args, **more) -> subprocess.CompletedProcess:
    """Runs podman or buildah on the storage of the tests."""
    command = [name, "--root", str(STORAGE), "--runroot", str(STORAGE.parent / "run")]
    command += ["--runtime", "runc"] if name == "podman" else []
    conf = STORAGE.parent / "containers.conf"
    if not conf.exists():
        conf.write_text(CONF)
    env = os.environ | {"CONTAINERS_CONF": str(conf)}
    return subprocess.run([*command, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, **more)


def tool(name: str, *args, check: bool = True, **more) -> str:
    """The same; returns what it prints, and fails with what it complains of."""
    done = call(name, *args, **more)
    assert not check or done.returncode == 0, f"{name} {' '.join(args)}: {done.stderr}"
    return done.stdout


def logs(container: str) -> str:
    done = call("podman", "logs", container)
    return done.stdout + done.stderr


class Container:
    """The proxy as a container that is removed at the end; its volume stays until the test removes it."""

    def __init__(self, upstream: str, volume: str, env: dict, port: int | None = None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.name = f"llmtrace-{uuid.uuid4().hex[:12]}"
        settings = {"LLMTRACE_LISTEN_ADDR": f"127.0.0.1:{self.port}", "LLMTRACE_UPSTREAM_URL": upstream} | env
        variables = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        mount = ["--volume", f"{volume}:/var/lib/llmtrace"]
        tool("podman", "run", "--detach", "--name", self.name, *HARDENED, *mount, *variables, IMAGE)
        try:
            poll("readiness", self.is_ready, 30)
        except AssertionError as error:
            said = self.said()
            self.remove()
            raise AssertionError(f"{error}: {said}") from None

    def is_ready(self) -> bool:
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return opener.open(self.url + "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def said(self) -> str:
        return logs(self.name)[-4000:]

    def send_signal(self, signal: str):
        tool("podman", "kill", "--signal", signal, self.name)

    def exit_code(self) -> int:
        return int(tool("podman", "wait", self.name, timeout=60))

    def remove(self):
        tool("podman", "rm", "--force", "--time", "0", self.name, check=False)

    def spans(self, **query) -> list[dict]:
        return get(f"{self.url}/api/v1/spans?{urllib.parse.urlencode(query | {'limit': 200})}")["items"]


@pytest.fixture(scope="session")
def provider():
    provider = Provider()
    yield provider
    provider.kill()


@pytest.fixture
def volume():
    """A name for a volume, which is made when it is used."""
    name = f"llmtrace-{uuid.uuid4().hex[:12]}"
    yield name
    tool("podman", "volume", "rm", "--force", name, check=False)


@pytest.fixture
def run(provider, volume):
    """Starts containers, and removes them at the end."""
    started = []

    def start(env: dict | None = None, **more) -> Container:
        started.append(Container(provider.url, volume, env or {}, **more))
        return started[-1]

    yield start
    for container in started:
        container.remove()


@pytest.fixture
def stores():
    """The environment of a proxy with the profile production, on databases of its own."""
    name = f"image_{uuid.uuid4().hex[:12]}"
    urls = {engine: os.environ[f"LLMTRACE_TEST_{engine}_URL"] for engine in ("CLICKHOUSE", "POSTGRES", "REDIS")}
    subprocess.run(["psql", urls["POSTGRES"], "-qc", f"CREATE DATABASE {name}"], check=True)
    postgres = urllib.parse.urlsplit(urls["POSTGRES"])._replace(path=f"/{name}").geturl()
    yield {
        "LLMTRACE_STORAGE__PROFILE": "production",
        "LLMTRACE_CLICKHOUSE_URL": urls["CLICKHOUSE"],
        "LLMTRACE_CLICKHOUSE_DATABASE": name,
        "LLMTRACE_POSTGRES_URL": postgres,
        "LLMTRACE_REDIS_URL": urls["REDIS"],
    }
    subprocess.run(["psql", urls["POSTGRES"], "-qc", f"DROP DATABASE {name} WITH (FORCE)"], check=False)
    drop = urllib.request.Request(urls["CLICKHOUSE"], f"DROP DATABASE IF EXISTS {name}".encode())
    parts = urllib.parse.urlsplit(urls["CLICKHOUSE"])
    drop.full_url = f"http://{parts.hostname}:{parts.port}/?user={parts.username or 'default'}"
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(drop, timeout=30)


@pytest.fixture(scope="session")
def image() -> dict:
    """What `podman inspect` says of it."""
    return json.loads(tool("podman", "inspect", IMAGE))[0]
