"""Engines of a case's own: what it breaks, no other case uses."""

import os
import shutil
import subprocess
import urllib.parse
from pathlib import Path

from harness import ROOT, free_port, poll

from .world import CannotRun, World


class Redis:
    """A Redis of the case's own."""

    def __init__(self, world: World, *args: str, config: str | None = None):
        self.port, self.args, self.config = free_port(), args, config
        self.folder = Path(str(world.folder) + f"-redis-{self.port}")
        self.folder.mkdir(parents=True)
        self.process = None
        world.closing.append(self.end)
        self.begin()

    def begin(self):
        command = ["redis-server"]
        if self.config:
            file = self.folder / "own.conf"
            file.write_text(self.config)
            command.append(str(file))
        command += ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder), *self.args]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        poll("Redis", lambda: self.cli("ping") == "PONG")

    def cli(self, *words: str) -> str:
        asked = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=False)
        return asked.stdout.strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Clickhouse:
    """A ClickHouse of the case's own, in `folder`, with the user of the one that the proxies were told of."""

    def __init__(self, world: World, folder: Path):
        self.python = ROOT / ".venv-clickhouse" / "bin" / "python"
        if not self.python.exists():
            raise CannotRun(".venv-clickhouse is missing: scripts/setup-test.sh makes it")
        url = urllib.parse.urlsplit(os.environ["LLMTRACE_TEST_CLICKHOUSE_URL"])
        self.user = f"{urllib.parse.unquote(url.username or 'default')}:{urllib.parse.unquote(url.password or '')}"
        self.folder, self.port, self.process = folder, free_port(), None
        self.log = Path(str(world.folder) + f"-clickhouse-{self.port}.log")
        world.closing.append(self.end)
        self.begin()
        world.faults["CLICKHOUSE"].retarget("127.0.0.1", self.port)

    def begin(self):
        command = [str(self.python), str(ROOT / "scripts" / "clickhouse_http.py"), "--path", str(self.folder), "--port", str(self.port)]
        with self.log.open("w") as said:
            self.process = subprocess.Popen([*command, "--user", self.user], stdout=said, stderr=subprocess.STDOUT)
        poll("ClickHouse", lambda: "ready" in self.log.read_text(), 60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def small_disk(world: World, name: str, size: str) -> Path:
    """A file system of its own that is soon full."""
    folder = Path(f"{world.folder}-{name}")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        folder.rmdir()
        raise CannotRun("a small file system cannot be mounted: needs root and the right to mount")
    world.closing.append(lambda: (subprocess.run(["umount", str(folder)], check=False), folder.rmdir()))
    return folder


def fill(folder: Path) -> Path:
    """Takes all room that is left; removing the file gives it back."""
    filler = folder / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)
    return filler
