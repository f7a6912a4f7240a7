"""The rendered chart as `podman play kube` runs it: Deployment, ConfigMap and Secret as Helm writes them, the image, real stores.

A pod of podman is no pod of a cluster: what it cannot do is taken out in `playable`, and said there.
"""

import http.client
import json
import sys
import threading
from pathlib import Path

import pytest

from conftest import IMAGE, call, logs, tool
from harness import free_port, get, new_mark, poll
from test_running import chat, is_stored

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helm"))

from chart import Helm, Objects, with_stubs  # noqa: E402


@pytest.fixture(scope="module", params=["helm3", "helm4"])
def helm(request, tmp_path_factory):
    home = tmp_path_factory.mktemp(request.param)
    return Helm(request.param, with_stubs(home), home)


def playable(objects: Objects, port: int) -> str:
    """What is run, as YAML."""
    pod = objects.pod
    # Real stores listen on this machine's loopback address, and its port 8080 may be another's.
    pod["hostNetwork"] = True
    config = objects.one("ConfigMap", "llmtrace-config")
    config["data"]["llmtrace.yaml"] = config["data"]["llmtrace.yaml"].replace("0.0.0.0:8080", f"127.0.0.1:{port}")
    # podman asks probes by curl inside of the container, which has none. The test asks them in its place.
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert objects.proxy.pop(probe)["httpGet"]["path"] in ("/livez", "/readyz")
    objects.proxy.pop("ports")
    # podman would start it again at once, and what it ended with would be gone. The test does it in its place.
    pod["restartPolicy"] = "Never"
    return "\n---\n".join(map(json.dumps, [config, objects.one("Deployment")]))


class Pod:
    """The rendered pod, played by podman."""

    def __init__(self, objects: Objects, folder: Path, port: int):
        self.url, self.port = f"http://127.0.0.1:{port}", port
        self.file = folder / "play.yaml"
        self.file.write_text(playable(objects, port))
        # Of a Secret podman wants the keys alone, as JSON.
        data = json.dumps(objects.one("Secret")["data"])
        tool("podman", "secret", "create", "llmtrace", "-", input=data)
        tool("podman", "play", "kube", "--replace", "--log-driver", "k8s-file", str(self.file))
        self.name = next(name for name in tool("podman", "ps", "--all", "--format", "{{.Names}}").split() if name.endswith("-proxy"))

    def is_ready(self) -> bool:
        try:
            healthy = tool("podman", "exec", self.name, "/usr/local/bin/llmtrace-proxy", "health")
            return bool(healthy) and self.status("/readyz") == 200
        except AssertionError:
            return False

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def spans(self, **query) -> list[dict]:
        wanted = "&".join(f"{name}={value}" for name, value in query.items())
        return get(f"{self.url}/api/v1/spans?{wanted}")["items"]

    def down(self):
        call("podman", "play", "kube", "--down", str(self.file))
        call("podman", "secret", "rm", "llmtrace")


def test_the_rendered_pod_serves_drains_and_loses_nothing(helm, provider, stores, tmp_path):
    values = {
        "proxy": {"upstreamUrl": provider.url, "image": {"repository": IMAGE.rpartition(":")[0], "tag": IMAGE.rpartition(":")[2]}},
        "secrets": {
            "clickhouseUrl": stores["LLMTRACE_CLICKHOUSE_URL"],
            "clickhouseDatabase": stores["LLMTRACE_CLICKHOUSE_DATABASE"],
            "postgresUrl": stores["LLMTRACE_POSTGRES_URL"],
            "redisUrl": stores["LLMTRACE_REDIS_URL"],
        },
        "config": {"shutdown": {"delay_seconds": 1}},
    } | {store: {"enabled": False} for store in ("clickhouse", "postgresql", "redis")}
    objects = helm.template(values=values)
    grace = objects.pod["terminationGracePeriodSeconds"]
    assert grace > objects.config["shutdown"]["delay_seconds"] + objects.config["shutdown"]["timeout_seconds"] + 5
    pod = Pod(objects, tmp_path, free_port())
    try:
        poll("readiness", pod.is_ready, 30)
        inspected = json.loads(tool("podman", "inspect", pod.name))[0]
        assert inspected["HostConfig"]["ReadonlyRootfs"] and inspected["Config"]["User"].startswith("10001")
        assert not inspected["EffectiveCaps"], inspected["EffectiveCaps"]
        mark, answer = new_mark(), {}
        assert chat(pod.port, mark, {"x-fake-chunks": "5"}, stream=True)[0] == 200
        is_stored(pod, mark)

        long = new_mark()
        slow = {"x-fake-chunks": "30", "x-fake-delay-ms": "100"}
        reader = threading.Thread(target=lambda: answer.update(it=chat(pod.port, long, slow, stream=True)))
        reader.start()
        poll("the stream at the provider", lambda: provider.received(long))
        tool("podman", "kill", "--signal", "TERM", pod.name)
        poll("readyz 503", lambda: pod.status("/readyz") == 503)
        assert pod.status("/livez") == 200, "what ends is not dead"
        reader.join()
        assert answer["it"][0] == 200 and answer["it"][1].endswith("data: [DONE]\n\n")
        assert int(tool("podman", "wait", pod.name, timeout=60)) == 0
        assert "shut down" in logs(pod.name)
        # The kubelet starts it again where it ended; the volume of the pod is still there.
        tool("podman", "start", pod.name)
        poll("readiness again", pod.is_ready, 30)
        assert is_stored(pod, long)["end_reason"] == "complete"
    finally:
        said = logs(pod.name)
        pod.down()
    assert "panicked" not in said
