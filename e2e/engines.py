"""Engines of a test's own, and what stands before them: TLS, and servers that say they are older than they are."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from chaos.faults import FaultProxy
from harness import ROOT, free_port, poll


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Engine:
    """A process with a log; `close` ends it."""

    def __init__(self, folder: Path, name: str, command: list[str], port: int | None = None):
        self.log, self.port = folder / f"{name}.log", port
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait(self, ready):
        def attempt():
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            return ready()

        poll(f"the engine of {self.log}", attempt, 60)
        return self

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def clickhouse(folder: Path, user: str, password: str) -> Engine:
    """A ClickHouse with one user."""
    python = ROOT / ".venv-clickhouse" / "bin" / "python"
    command = [str(python), str(ROOT / "scripts" / "clickhouse_http.py"), "--path", str(folder / "clickhouse"), "--port", "0", "--user", f"{user}:{password}"]
    engine = Engine(folder, "clickhouse", command)
    ready = lambda: next((line for line in engine.log.read_text().splitlines() if line.startswith("ready ")), None)
    engine.wait(ready)
    engine.port = int(ready().split()[1])
    return engine


def postgres(folder: Path) -> Engine:
    """A PostgreSQL that asks for passwords; its superuser is `postgres` over its socket in `folder`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4])) or [Path(shutil.which("postgres") or "/postgres")]
    binary, data, port = found[-1].parent, folder / "postgres", free_port()
    # The server refuses to run as root. Debian's package brings the user.
    as_user = []
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "-i", f"PATH={os.environ['PATH']}"]
        for parent in [folder, *folder.parents]:
            if parent.owner() == "root" and parent != parent.parent and str(parent) not in ("/tmp", "/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    data.mkdir()
    if as_user:
        shutil.chown(data, "postgres")
    made = subprocess.run([*as_user, str(binary / "initdb"), "-D", str(data / "data"), "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
                           "--auth-local=trust", "--auth-host=scram-sha-256"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    engine = Engine(folder, "postgres", [*as_user, str(binary / "postgres"), "-D", str(data / "data"), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                                         "-c", f"unix_socket_directories={data}", "-c", "shared_buffers=16MB", "-c", "fsync=off"], port)
    engine.socket = f"postgres://postgres@/postgres?host={data}&port={port}"
    return engine.wait(lambda: subprocess.run([str(binary / "pg_isready"), "-q", "-h", str(data), "-p", str(port)], check=False).returncode == 0)


def redis(folder: Path, password: str) -> Engine:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder), "--requirepass", password]
    return Engine(folder, "redis", command, port).wait(lambda: answers(port))


def redis_user(port: int, password: str, name: str, secret: str, commands: str):
    """Makes a user of a Redis, who may touch every key with these commands."""
    words = ["ACL", "SETUSER", name, "on", f">{secret}", "~*", "&*", commands]
    subprocess.run(["redis-cli", "-p", str(port), "-a", password, "--no-auth-warning", *words], check=True, capture_output=True)


def psql(url: str, statement: str):
    subprocess.run(["psql", url, "-qc", statement], check=True, capture_output=True)


class Authority:
    """Signs certificates; its own is the PEM file `path`."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.path, self.key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                  "-keyout", self.key, "-out", self.path)

    def issue(self, host: str) -> tuple[Path, Path]:
        """A certificate for `host`, and its key."""
        cert, key, request, names = (self.folder / f"{host}.{end}" for end in ("crt", "key", "csr", "ext"))
        names.write_text(f"subjectAltName=DNS:{host}\n")
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}", "-keyout", key, "-out", request)
        self._run("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-extfile", names, "-out", cert)
        return cert, key

    @staticmethod
    def _run(*args):
        assert shutil.which("openssl"), "openssl is missing: install it, certificates for tests are made with it"
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


class TlsFront:
    """Takes TLS off connections to 127.0.0.1:`port`. PostgreSQL asks first whether TLS is spoken: `asks`."""

    def __init__(self, identity: tuple[Path, Path], port: int, asks: bool = False):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*identity)
        self.target, self.asks = port, asks
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if self.asks:
                client.recv(8, socket.MSG_WAITALL)
                client.sendall(b"S")
            client = self.context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)

    def close(self):
        self.listener.close()


def pump(one, other):
    try:
        while data := one.recv(1 << 16):
            other.sendall(data)
    except OSError:
        pass
    finally:
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Older(FaultProxy):
    """A proxy in front of an engine that makes it older: a text is replaced by another of the same length, both ways."""

    def __init__(self, port: int, real: bytes, told: bytes):
        assert len(real) >= len(told)
        self.real, self.told = real, told.ljust(len(real))
        super().__init__("127.0.0.1", port)

    async def _pump(self, reader, writer, answers: bool):
        while data := await reader.read(1 << 16):
            await self._until_not_hanging()
            writer.write(data.replace(self.real, self.told))
            await writer.drain()
