"""The commands of docs/guide/containers.md, letter by letter, with podman under the name of docker.

Two things differ, since containers of tests have no network of their own: the network is the machine's, and the port a free one.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import IMAGE, STORAGE, call, tool
from harness import free_port, poll

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helm"))

from guide import commands  # noqa: E402

BILL = (
    "docker create --name sbom llmtrace-proxy:0.1.0 && docker cp sbom:/usr/share/doc/llmtrace-proxy/sbom.cdx.json . && docker rm sbom"
)
RUN = (
    "docker run -d --name llmtrace -p 127.0.0.1:8080:8080 -e LLMTRACE_AUTH__ALLOW_OPEN=true -v llmtrace:/var/lib/llmtrace "
    "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --stop-timeout 45 llmtrace-proxy:0.1.0"
)
ASK = "curl http://localhost:8080/health"
COPY = "docker cp llmtrace:/var/lib/llmtrace/admin.key ."
SHOW = 'curl http://localhost:8080/api/v1/info -H "X-LLMTrace-Token: $(cat admin.key)"'
DOCTOR = "docker exec llmtrace /usr/local/bin/llmtrace-proxy doctor"
ONCE = "docker run --rm … llmtrace-proxy:0.1.0 check --connect"
EXPORT = "docker compose exec proxy /usr/local/bin/llmtrace-proxy export --format archive --out /var/lib/llmtrace/all.llmtrace"
TAG = "docker tag llmtrace-proxy:0.1.0 your-registry.io/llmtrace-proxy:0.1.0"
# What takes another program or another machine. `e2e/test_compose.py` reads compose.yaml.
ELSEWHERE = {
    "docker build -t llmtrace-proxy:0.1.0 .",
    "docker push your-registry.io/llmtrace-proxy:0.1.0",
    "docker compose up -d --build",
    "docker compose up -d lite",
    "docker compose --profile metrics up -d",
    "docker compose logs -f proxy",
    "docker compose down",
    "docker compose exec postgres pg_dump -U llmtrace --schema=llmtrace llmtrace",
    "docker compose up -d",
}


def test_every_command_of_the_guide_is_typed():
    assert set(commands("containers")) == {TAG, BILL, RUN, ASK, COPY, SHOW, DOCTOR, ONCE, EXPORT, *ELSEWHERE}


@pytest.fixture
def types(tmp_path, provider):
    """A shell in which docker is podman on the storage of the tests."""
    port = free_port()
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text(f'#!/bin/sh\nexec podman --root {STORAGE} --runroot {STORAGE.parent}/run --runtime runc "$@"\n')
    docker.chmod(0o755)
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "CONTAINERS_CONF": str(STORAGE.parent / "containers.conf")}
    host = f"--network host --env LLMTRACE_LISTEN_ADDR=127.0.0.1:{port} --env LLMTRACE_UPSTREAM_URL={provider.url}"

    def run(line: str) -> str:
        line = re.sub(r"-p \S+|…", host, line).replace("docker create", "docker create --network host")
        line = line.replace("localhost:8080", f"127.0.0.1:{port}").replace("docker compose exec proxy", "docker exec llmtrace")
        done = subprocess.run(["bash", "-ec", line], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    call("podman", "images")  # writes containers.conf
    tool("podman", "tag", IMAGE, "llmtrace-proxy:0.1.0")
    yield run
    for name in ("llmtrace", "sbom"):
        tool("podman", "rm", "--force", "--ignore", "--time", "0", name, check=False)
    tool("podman", "volume", "rm", "--force", "llmtrace", check=False)


def test_the_bill_of_materials_is_copied_out(types, tmp_path):
    types(BILL)
    assert "CycloneDX" in (tmp_path / "sbom.cdx.json").read_text()
    types(TAG)


def is_up() -> bool:
    return call("podman", "exec", "llmtrace", "/usr/local/bin/llmtrace-proxy", "health").returncode == 0


def test_it_asks_for_the_key_that_is_copied_out(types, tmp_path):
    # On the loopback address of the tests it would be open without any variable.
    types(RUN.replace("LLMTRACE_AUTH__ALLOW_OPEN=true", "LLMTRACE_AUTH__MODE=required"))
    poll("health", is_up, 30)
    types(COPY)
    assert (tmp_path / "admin.key").stat().st_mode & 0o777 == 0o600
    assert '"version"' in types(SHOW)
    assert "no-access" in types("curl http://localhost:8080/api/v1/info")


def test_it_runs_answers_and_looks_at_itself(types):
    types(RUN)
    poll("health", is_up, 30)
    assert '"ok"' in types(ASK)
    assert "sqlite" in types(DOCTOR).lower()
    types(EXPORT)
    types(ONCE)
    stopped = tool("podman", "inspect", "--format", "{{.Config.StopTimeout}}", "llmtrace").strip()
    assert stopped == "45"
