"""A Kubernetes API server on loopback, in memory: discovery, objects, watches, server-side apply, admission by the schemas of one
version, and controllers that are done at once. No authentication, no quota, no networking.

Usage by hand: python -m kube.server PORT
"""

import copy
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from . import patches, resources
from .admission import Refused, admit
from .controllers import reconcile
from .forward import Forwarding

PATH = re.compile(r"^/(?:api/(v1)|apis/([^/]+/[^/]+))(?:/namespaces/([^/]+)(?=/[^/]))?(?:/([^/]+))?(?:/([^/]+))?(?:/([^/]+))?$")


class Cluster:
    """The objects and the server in front of them."""

    def __init__(self, version: str = "1.33", port: int = 0):
        self.version = version
        self.objects: dict[tuple, dict] = {}
        self.applied: dict[tuple, dict] = {}
        # Where the port of each pod is, for `kubectl port-forward`: PREFIX_OF_NAME → port on loopback.
        self.ports: dict[str, int] = {}
        # Deployments whose number of replicas was last set by hand: that field has another owner now.
        self.scaled: dict[tuple, int] = {}
        self.events: list[tuple[int, tuple, str, dict]] = []
        self.revision = 1
        self.changed = threading.Condition(threading.RLock())
        self.closing = False
        for name in ("default", "kube-system"):
            self.put(("v1", "namespaces", "", name), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"cluster": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def write_kubeconfig(self, path: Path) -> Path:
        user = {"name": "test", "user": {}}
        context = {"name": "test", "context": {"cluster": "test", "user": "test"}}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "test", "users": [user], "contexts": [context]}
        config["clusters"] = [{"name": "test", "cluster": {"server": self.url}}]
        path.write_text(yaml.safe_dump(config))
        return path

    def all(self, kind: str, space: str | None = None) -> list[dict]:
        found = [item for item in self.objects.values() if item["kind"] == kind]
        return [item for item in found if space is None or item["metadata"].get("namespace") == space]

    def get(self, kind: str, name: str, space: str = "llmtrace") -> dict | None:
        return next((item for item in self.all(kind, space) if item["metadata"]["name"] == name), None)

    def put(self, key: tuple, item: dict):
        with self.changed:
            old = self.objects.get(key)
            meta = item["metadata"]
            for field in ("uid", "creationTimestamp"):
                if old:
                    meta[field] = old["metadata"][field]
            meta.setdefault("uid", str(uuid.uuid4()))
            meta.setdefault("creationTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            if key[2]:
                meta["namespace"] = key[2]
            same_spec = old is not None and old.get("spec") == item.get("spec")
            meta["generation"] = (old["metadata"]["generation"] + (not same_spec)) if old else 1
            if old and "status" in old:
                item.setdefault("status", old["status"])
            self.note(key, "MODIFIED" if old else "ADDED", item)

    def set_status(self, key: tuple, status: dict):
        item = self.objects[key]
        if item.get("status") != status:
            self.note(key, "MODIFIED", item | {"status": status})

    def remove(self, key: tuple) -> dict | None:
        with self.changed:
            item = self.objects.pop(key, None)
            self.applied = {known: value for known, value in self.applied.items() if known[0] != key}
            if item is not None:
                self.note(key, "DELETED", item)
            return item

    def note(self, key: tuple, event: str, item: dict):
        self.revision += 1
        item["metadata"]["resourceVersion"] = str(self.revision)
        if event != "DELETED":
            self.objects[key] = item
        self.events.append((self.revision, key, event, copy.deepcopy(item)))
        self.changed.notify_all()


class Answer(Exception):
    """An answer that ends the request: a status of Kubernetes."""

    def __init__(self, code: int, reason: str, message: str):
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.code, self.body = code, status | {"reason": reason, "message": message, "code": code}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_):
        pass

    def send(self, code: int, body, content_type: str = "application/json"):
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def handle_request(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            answer = self.document(url.path) or self.route(url.path.rstrip("/"), query, raw)
            if answer is not None:
                self.send(*answer)
        except Answer as end:
            self.send(end.code, end.body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

    def document(self, path: str):
        """What says which resources there are."""
        major, minor = self.cluster.version.split(".")
        if path == "/version":
            return 200, {"major": major, "minor": minor, "gitVersion": f"v{major}.{minor}.0", "platform": "linux/amd64"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return 200, resources.groups()
        if path == "/openapi/v3":
            return 200, resources.openapi_index()
        if found := re.match(r"^/openapi/v3/(?:api|apis)/(.+)$", path):
            return 200, resources.openapi(found[1])
        return None

    def route(self, path: str, query: dict, raw: bytes):
        found = PATH.match(path)
        group_version = found and (found[1] or found[2])
        if not found or group_version not in resources.RESOURCES:
            raise Answer(404, "NotFound", "the server could not find the requested resource")
        space, plural, name, part = found[3] or "", found[4], found[5], found[6]
        if plural is None:
            return 200, resources.resource_list(group_version)
        kind = resources.kind_of(group_version, plural)
        if kind is None:
            raise Answer(404, "NotFound", "the server could not find the requested resource")
        key = (group_version, plural, space, name)
        if part == "portforward":
            return self.forward(name)
        if self.command == "GET" and not name:
            return self.watch(key, query) if query.get("watch") in ("true", "1") else self.listing(key, kind, query)
        with self.cluster.changed:
            if part == "log":
                return 200, f"{name} says hello\n", "text/plain"
            if part == "scale":
                return self.scale(key, raw)
            if self.command == "DELETE":
                return self.delete(key, query)
            if self.command == "GET":
                return 200, self.existing(key)
            return self.write(key, kind, query, raw)

    def forward(self, pod: str):
        """Hands the connection over, where it is of the older of the two forms that kubectl tries."""
        port = next((port for prefix, port in self.cluster.ports.items() if pod.startswith(prefix)), None)
        if "SPDY/3.1" not in self.headers.get("Upgrade", "") or port is None:
            raise Answer(403, "Forbidden", "no such upgrade here")
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "SPDY/3.1")
        self.send_header("X-Stream-Protocol-Version", "portforward.k8s.io")
        self.end_headers()
        self.close_connection = True
        Forwarding(self.connection, port).run()

    def existing(self, key: tuple) -> dict:
        if key not in self.cluster.objects:
            raise Answer(404, "NotFound", f'{key[1]} "{key[3]}" not found')
        return self.cluster.objects[key]

    def chosen(self, key: tuple, query: dict):
        """Whether an object is among those that a list or a watch asks for."""
        labels = [term for term in query.get("labelSelector", "").split(",") if term]
        fields = dict(term.split("=", 1) for term in query.get("fieldSelector", "").split(",") if "=" in term)

        def matches(item: dict) -> bool:
            have = item["metadata"].get("labels", {})
            for term in labels:
                name, _, value = term.replace("==", "=").partition("=")
                if name.endswith("!"):
                    if have.get(name[:-1]) == value:
                        return False
                elif " in (" in term:
                    name, _, values = term.partition(" in (")
                    if have.get(name) not in values.rstrip(")").split(","):
                        return False
                elif have.get(name) != value:
                    return False
            named = fields.get("metadata.name")
            return named is None or item["metadata"]["name"] == named

        def choose(other: tuple, item: dict) -> bool:
            return other[:2] == key[:2] and (not key[2] or other[2] == key[2]) and matches(item)

        return choose

    def listing(self, key: tuple, kind: str, query: dict):
        with self.cluster.changed:
            choose = self.chosen(key, query)
            items = [item for other, item in sorted(self.cluster.objects.items()) if choose(other, item)]
            meta = {"resourceVersion": str(self.cluster.revision)}
            return 200, {"kind": kind + "List", "apiVersion": key[0], "metadata": meta, "items": items}

    def watch(self, key: tuple, query: dict):
        """Streams changes until the client goes."""
        choose = self.chosen(key, query)
        cluster = self.cluster
        end = time.monotonic() + float(query.get("timeoutSeconds", 300))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def say(event: str, item: dict):
            line = json.dumps({"type": event, "object": item}).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()

        with cluster.changed:
            start = query.get("resourceVersion", "")
            seen = int(start) if start not in ("", "0") else cluster.revision
            if start in ("", "0") or query.get("sendInitialEvents") == "true":
                seen = cluster.revision
                for other, item in sorted(cluster.objects.items()):
                    if choose(other, item):
                        say("ADDED", item)
            if query.get("sendInitialEvents") == "true":
                marks = {"k8s.io/initial-events-end": "true"}
                about = {"resourceVersion": str(seen), "annotations": marks}
                kind = resources.kind_of(*key[:2])
                say("BOOKMARK", {"kind": kind, "apiVersion": key[0], "metadata": about})
            while not cluster.closing and time.monotonic() < end:
                for revision, other, event, item in [e for e in cluster.events if e[0] > seen]:
                    seen = revision
                    if choose(other, item):
                        say(event, item)
                cluster.changed.wait(0.5)
        self.wfile.write(b"0\r\n\r\n")

    def delete(self, key: tuple, query: dict):
        item = self.existing(key)
        if "dryRun" not in query:
            self.cluster.remove(key)
            reconcile(self.cluster)
        return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": {"uid": item["metadata"]["uid"]}}

    def scale(self, key: tuple, raw: bytes):
        item = self.existing(key)
        if self.command != "GET":
            wanted = json.loads(raw)["spec"]["replicas"]
            changed = copy.deepcopy(item)
            changed["spec"]["replicas"] = self.cluster.scaled[key] = wanted
            self.cluster.put(key, changed)
            reconcile(self.cluster)
        meta = {field: item["metadata"][field] for field in ("name", "namespace", "uid", "resourceVersion")}
        spec = {"replicas": self.cluster.objects[key]["spec"].get("replicas", 1)}
        return 200, {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": spec}

    def write(self, key: tuple, kind: str, query: dict, raw: bytes):
        body = patches.from_protobuf(raw) if raw[:4] == b"k8s\0" else yaml.load(raw, Loader=yaml.CSafeLoader)
        cluster, form = self.cluster, self.headers.get("Content-Type", "")
        if self.command == "POST":
            name = body["metadata"].get("name") or body["metadata"]["generateName"] + uuid.uuid4().hex[:5]
            body["metadata"]["name"] = name
            key = (*key[:3], name)
            if key in cluster.objects:
                raise Answer(409, "AlreadyExists", f'{key[1]} "{name}" already exists')
        if key[2] and ("v1", "namespaces", "", key[2]) not in cluster.objects:
            raise Answer(404, "NotFound", f'namespaces "{key[2]}" not found')
        old = cluster.objects.get(key)
        new = self.changed(key, body, old, form, query)
        new.setdefault("apiVersion", key[0])
        new.setdefault("kind", kind)
        new["metadata"].setdefault("name", key[3])
        try:
            admit(new, old, cluster.version)
        except Refused as refused:
            raise Answer(422, "Invalid", str(refused)) from refused
        if "dryRun" in query:
            return 200, new
        self.fill_in(new, old)
        cluster.put(key, new)
        reconcile(cluster)
        return (200 if old else 201), cluster.objects[key]

    def fill_in(self, new: dict, old: dict | None):
        """The defaults of the server that clients look at."""
        if new["kind"] in ("Deployment", "StatefulSet"):
            new["spec"].setdefault("replicas", 1)
        if new["kind"] == "Service":
            address = f"10.96.{self.cluster.revision // 256 % 256}.{self.cluster.revision % 256}"
            new["spec"].setdefault("clusterIP", old["spec"]["clusterIP"] if old else address)

    def changed(self, key: tuple, body: dict, old: dict | None, form: str, query: dict) -> dict:
        """The object after a create, an update or a patch."""
        if self.command in ("POST", "PUT"):
            return copy.deepcopy(body)
        if "apply-patch" in form:
            mark = (key, query.get("fieldManager", ""))
            wanted = body.get("spec", {}).get("replicas")
            if key in self.cluster.scaled and wanted not in (None, self.cluster.scaled[key]):
                if query.get("force") != "true":
                    owner = 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
                    raise Answer(409, "Conflict", f"Apply failed with 1 conflict: {owner}")
                del self.cluster.scaled[key]
            new = patches.apply(copy.deepcopy(old or {}), self.cluster.applied.get(mark, {}), body)
            if "dryRun" not in query:
                self.cluster.applied[mark] = copy.deepcopy(body)
            return new
        if old is None:
            raise Answer(404, "NotFound", f'{key[1]} "{key[3]}" not found')
        change = patches.strategic if "strategic" in form else patches.merge
        return change(copy.deepcopy(old), body)


if __name__ == "__main__":
    cluster = Cluster(port=int(sys.argv[1]))
    print(cluster.url, flush=True)
    threading.Event().wait()
