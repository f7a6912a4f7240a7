"""Who is let in: the default install is open and says so, production asks for a key, and every replica knows the same one."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chart import KEY, Objects, check_config, sample_key
from running import forwarded, started_proxy, status
from test_guide_commands import PRODUCTION, REPOSITORY, install, install_production, root, secret, upgrade

OPEN = "no key is asked for"
READ = ["get", "secret", "-n", "llmtrace", "llmtrace", "-o", "jsonpath={.data.LLMTRACE_ADMIN_KEY}"]


class Upstream(BaseHTTPRequestHandler):
    """A provider that answers everything, and keeps what it was sent."""

    seen: list[str]

    def do_GET(self):
        self.seen.append(f"{self.path}\n{self.headers}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Upstream,), {"seen": []}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def pod_template(cluster) -> dict:
    return cluster.get("Deployment", "llmtrace")["spec"]["template"]


@pytest.mark.smoke
def test_production_asks_for_the_key_that_kubectl_reads(installing, cluster, upstream, tmp_path):
    install_production(installing, "--set", f"proxy.upstreamUrl=http://127.0.0.1:{upstream.server_port}")
    key = base64.b64decode(installing.kubectl(*READ)).decode()
    assert KEY.fullmatch(key)
    objects = Objects(list(cluster.objects.values()))
    # Two replicas, each with a volume of its own.
    with started_proxy(objects, tmp_path / "one") as one, started_proxy(objects, tmp_path / "two") as two:
        cluster.ports["llmtrace-"] = one
        with forwarded(installing, "svc/llmtrace", ":80") as (local, _):
            for port in (local, two):
                asks = f"http://127.0.0.1:{port}"
                for path in ("/livez", "/readyz", "/health", "/metrics"):
                    assert status(asks + path) == 200, "probes have no key"
                for path in ("/v1/models", "/api/v1/info"):
                    assert (status(asks + path), status(asks + path, key)) == (401, 200), path
                    # Whose it is would be in the store, which is not here.
                    assert status(asks + path, sample_key("another")) == 503, path
        assert not list(tmp_path.glob("*/data/admin.key")), "none of its own beside that of the Secret"
    seen = upstream.RequestHandlerClass.seen
    assert len(seen) == 2 and not KEY.search("".join(seen))


def test_the_default_install_is_open_until_it_is_told_otherwise(installing, cluster, tmp_path):
    install(installing, "--set", REPOSITORY)
    assert "LLMTRACE_ADMIN_KEY" not in secret(cluster, "llmtrace")
    objects = Objects(list(cluster.objects.values()))
    assert OPEN in check_config(objects, tmp_path).stderr
    with started_proxy(objects, tmp_path) as port:
        assert status(f"http://127.0.0.1:{port}/api/v1/info") == 200

    upgrade(installing, "--reset-then-reuse-values", "--set", "config.auth.mode=required")
    objects = Objects(list(cluster.objects.values()))
    assert OPEN not in check_config(objects, tmp_path).stderr
    with started_proxy(objects, tmp_path) as port:
        asks = f"http://127.0.0.1:{port}/api/v1/info"
        assert (status(asks), status(asks, secret(cluster, "llmtrace")["LLMTRACE_ADMIN_KEY"])) == (401, 200)


def test_an_upgrade_keeps_the_key(installing, cluster):
    install_production(installing)
    made, pods = secret(cluster, "llmtrace")["LLMTRACE_ADMIN_KEY"], pod_template(cluster)
    upgrade(installing, "--reset-then-reuse-values")
    assert pod_template(cluster) == pods, "no pod is replaced"
    upgrade(installing, *PRODUCTION, "--set", "proxy.image.tag=0.2.0")
    assert secret(cluster, "llmtrace")["LLMTRACE_ADMIN_KEY"] == made
    # Where none is needed, too: it is there when it is again.
    upgrade(installing)
    assert secret(cluster, "llmtrace")["LLMTRACE_ADMIN_KEY"] == made
    # Another one is taken by every pod.
    before, given = pod_template(cluster), sample_key("given")
    upgrade(installing, "--set", f"secrets.adminKey={given}")
    assert secret(cluster, "llmtrace")["LLMTRACE_ADMIN_KEY"] == given
    assert pod_template(cluster)["metadata"]["annotations"] != before["metadata"]["annotations"]


def test_two_installations_have_different_keys(helm):
    one, two = (helm.template(*helm.file("production")).value_of("LLMTRACE_AUTH__ADMIN_KEY") for _ in range(2))
    assert KEY.fullmatch(one) and KEY.fullmatch(two) and one != two


def test_one_key_in_all_objects_of_a_rendering(each_helm):
    objects = each_helm.template(*each_helm.file("production"), "--set", "migrations.job.enabled=true")
    texts = {value for name, value in objects.secret().items() if name == "LLMTRACE_ADMIN_KEY"}
    assert texts == {objects.value_of("LLMTRACE_AUTH__ADMIN_KEY")}


def test_what_is_kept_and_is_no_key_is_told(installing, cluster):
    """A version that asked for none took any text."""
    install(installing, "--set", REPOSITORY)
    held = cluster.get("Secret", "llmtrace")
    held["data"]["LLMTRACE_ADMIN_KEY"] = base64.b64encode(b"S3CRET").decode()
    cluster.put(("v1", "secrets", "llmtrace", "llmtrace"), held)
    command = ["upgrade", "llmtrace", "./deployments/helm/llmtrace", "--namespace", "llmtrace"]
    said = installing.run(*command, check=False, cwd=root(installing))
    assert "the Secret llmtrace holds an LLMTRACE_ADMIN_KEY" in said and "set secrets.adminKey" in said and "S3CRET" not in said
    upgrade(installing, "--set", f"secrets.adminKey={sample_key('mended')}")


@pytest.mark.parametrize(
    ("auth", "asks"),
    [
        ({}, False),
        ({"mode": "open"}, False),
        ({"mode": "required"}, True),
        ({"mode": "required", "allow_open": False}, True),
        ({"allow_open": False}, True),
        ({"allow_open": None}, True),
        (None, True),
    ],
)
def test_the_chart_and_the_proxy_agree_on_who_is_asked(helm, tmp_path, auth, asks):
    """A key is made where the proxy asks for keys, and nowhere else."""
    objects = helm.template(values={"config": {"auth": auth}})
    done = check_config(objects, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (OPEN not in done.stderr) == ("LLMTRACE_AUTH__ADMIN_KEY" in objects.env) == asks


def test_the_lite_profile_has_a_secret_for_its_key_alone(helm, tmp_path):
    objects = helm.template(*helm.file("lite"), "--set", "config.auth.mode=required")
    assert set(objects.env) == {"LLMTRACE_CONFIG", "LLMTRACE_AUTH__ADMIN_KEY"}
    (key,) = objects.secret().values()
    with started_proxy(objects, tmp_path) as port:
        asks = f"http://127.0.0.1:{port}/api/v1/spans"
        assert (status(asks), status(asks, sample_key("another")), status(asks, key)) == (401, 401, 200)


@pytest.mark.parametrize(
    "values",
    [
        {"config": {"auth": {"mode": "required", "admin_key": "file:/vault/secrets/admin"}}},
        {
            "config": {"auth": {"mode": "required"}},
            "proxy": {"extraEnv": [{"name": "LLMTRACE_AUTH__ADMIN_KEY", "value": "file:/vault/secrets/admin"}]},
        },
    ],
    ids=["config", "extraEnv"],
)
def test_a_key_that_is_named_elsewhere_is_the_only_one(helm, values):
    objects = helm.template(values=values)
    assert "LLMTRACE_ADMIN_KEY" not in objects.secret()
    # A variable from the Secret would win over both.
    assert objects.env.get("LLMTRACE_AUTH__ADMIN_KEY", "file:/vault/secrets/admin") == "file:/vault/secrets/admin"


def test_a_key_in_an_existing_secret(installing, cluster):
    cluster.put(("v1", "namespaces", "", "llmtrace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llmtrace"}})
    data = dict.fromkeys(["LLMTRACE_CLICKHOUSE_URL", "LLMTRACE_CLICKHOUSE_DATABASE", "LLMTRACE_POSTGRES_URL", "LLMTRACE_REDIS_URL"], "eA==")
    mine = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "data": data}
    cluster.put(("v1", "secrets", "llmtrace", "mine"), mine)
    args = ["./deployments/helm/llmtrace", "-n", "llmtrace", *PRODUCTION, "--set", "secrets.create=false,secrets.existingSecret=mine"]
    said = installing.run("install", "llmtrace", *args, cwd=root(installing))
    assert "WARNING: the Secret mine has no LLMTRACE_ADMIN_KEY" in said
    container = pod_template(cluster)["spec"]["containers"][0]
    ref = next(each["valueFrom"]["secretKeyRef"] for each in container["env"] if each["name"] == "LLMTRACE_AUTH__ADMIN_KEY")
    assert ref == {"name": "mine", "key": "LLMTRACE_ADMIN_KEY", "optional": True}

    mine["data"]["LLMTRACE_ADMIN_KEY"] = base64.b64encode(sample_key("mine").encode()).decode()
    cluster.put(("v1", "secrets", "llmtrace", "mine"), mine)
    said = installing.run("upgrade", "llmtrace", *args, cwd=root(installing))
    assert "has no LLMTRACE_ADMIN_KEY" not in said and "get secret -n llmtrace mine" in said
