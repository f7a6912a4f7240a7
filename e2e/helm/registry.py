"""A registry of charts on loopback that stands where the chart's own sub-charts come from: a forward proxy takes whatever host a
client asks for to one TLS server, which speaks as much of the OCI distribution protocol as `helm dependency update` uses."""

import hashlib
import json
import re
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chart import STORES, STUBS, Helm

CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Registry:
    """Serves packed charts as `HOST/bitnamicharts/NAME:VERSION`."""

    def __init__(self, folder: Path, host: str, archives: list[Path]):
        self.host = host
        self.asked: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        for archive in archives:
            name, version = re.match(r"(.+)-(\d+\.\d+\.\d+)\.tgz", archive.name).groups()
            self.add(name, version, archive.read_bytes())
        self.certificate = folder / "registry.pem"
        key = folder / "registry.key"
        subject = ["-subj", "/CN=registry", "-addext", f"subjectAltName=DNS:{host}"]
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run([*make, "-keyout", key, "-out", self.certificate, *subject], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.tls = serve(type("Bound", (Pull,), {"registry": self}))
        self.tls.socket = context.wrap_socket(self.tls.socket, server_side=True)
        start(self.tls)
        self.proxy = serve(type("Bound", (Connect,), {"target": self.tls.server_address}))
        start(self.proxy)

    def add(self, name: str, version: str, archive: bytes):
        about = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        for blob in (about, archive):
            self.blobs[digest(blob)] = blob
        part = lambda media, blob: {"mediaType": media, "digest": digest(blob), "size": len(blob)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, about), "layers": [part(LAYER, archive)]}
        raw = json.dumps(manifest).encode()
        self.manifests[(name, version)] = self.manifests[(name, digest(raw))] = raw

    def env(self) -> dict:
        """What a client has to be told: where the proxy is, and whom to trust."""
        return {"HTTPS_PROXY": f"http://127.0.0.1:{self.proxy.server_port}", "SSL_CERT_FILE": str(self.certificate)}

    def close(self):
        for server in (self.proxy, self.tls):
            server.shutdown()
            server.server_close()


@contextmanager
def stand_ins(helm: Helm, folder: Path):
    """The registry that Chart.yaml names, with the stand-ins of the sub-charts in it, for as long as it lasts."""
    packed = folder / "packed"
    for store in STORES:
        helm.run("package", STUBS / store, "-d", packed)
    registry = Registry(folder, "registry-1.docker.io", sorted(packed.iterdir()))
    before, helm.env = helm.env, helm.env | registry.env()
    try:
        yield registry
    finally:
        helm.env = before
        registry.close()


def digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def serve(handler) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server


def start(server):
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class Pull(Quiet):
    registry: Registry

    def do_GET(self):
        self.registry.asked.append(f"{self.headers['Host']}{self.path}")
        found = self.look_up(self.path.split("?")[0])
        code, media, body = (200, *found) if found else (404, "application/json", b'{"errors":[{"code":"NAME_UNKNOWN"}]}')
        self.send_response(code)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def look_up(self, path: str):
        if path == "/v2/":
            return "application/json", b"{}"
        if not (parts := re.match(r"^/v2/bitnamicharts/([^/]+)/(tags|manifests|blobs)/(.+)$", path)):
            return None
        name, kind, which = parts.groups()
        if kind == "tags":
            tags = [tag for known, tag in self.registry.manifests if known == name and ":" not in tag]
            return "application/json", json.dumps({"name": name, "tags": tags}).encode()
        found = self.registry.manifests.get((name, which)) if kind == "manifests" else self.registry.blobs.get(which)
        return found and (MANIFEST if kind == "manifests" else "application/octet-stream", found)


class Connect(Quiet):
    target: tuple

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(self.target) as other:
            back = threading.Thread(target=pump, args=(other, self.connection), daemon=True)
            back.start()
            pump(self.connection, other)
            back.join(5)
        self.close_connection = True


def pump(source: socket.socket, sink: socket.socket):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
