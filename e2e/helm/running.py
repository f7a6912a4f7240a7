"""Programs that run beside a test: the proxy with a rendered configuration, and kubectl's port forwarding."""

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from chart import Objects, program, proxy_binary


@contextmanager
def started_proxy(objects: Objects, folder: Path):
    """The real proxy with the rendered configuration and environment, but for where it listens and writes."""
    binary = proxy_binary()
    assert binary is not None, "the proxy is not built: run `cargo build -p llmtrace-server`, or set LLMTRACE_BIN_DIR"
    folder.mkdir(exist_ok=True)
    (folder / "llmtrace.yaml").write_text(objects.config_text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name in objects.env if (value := objects.value_of(name)) is not None}
    env |= {"LLMTRACE_CONFIG": str(folder / "llmtrace.yaml"), "LLMTRACE_LISTEN_ADDR": f"127.0.0.1:{port}"}
    env |= {"LLMTRACE_STORAGE__PATH": str(folder / "data"), "LLMTRACE_SHUTDOWN__TIMEOUT_SECONDS": "1"}
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([binary], env=env, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            try:
                ask(f"http://127.0.0.1:{port}/readyz")
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def forwarded(helm, what: str, ports: str):
    """kubectl port-forward, once it listens: the local port and what it said."""
    command = [program(helm.name, "kubectl"), "port-forward", "-n", "llmtrace", what, ports, "--address", "127.0.0.1"]
    env = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()} | helm.env
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = process.stdout.readline().strip()
        found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> \d+", said)
        assert found, said + process.stdout.read()
        yield int(found[1]), said
    finally:
        process.kill()
        process.wait()


def ask(url: str, headers: dict | None = None) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers=headers or {}), timeout=20) as answer:
        return answer.read().decode()


def status(url: str, key: str | None = None) -> int:
    """The status of an answer to who shows this key, or none."""
    try:
        ask(url, {"X-LLMTrace-Token": key} if key else {})
        return 200
    except urllib.error.HTTPError as error:
        return error.code
