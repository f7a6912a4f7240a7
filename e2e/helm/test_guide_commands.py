"""The documented commands in the documented order, by both helms and kubectl, against a played cluster.

`docker build` is tested with the image. `helm dependency update` gets the stand-ins of the sub-charts, from a registry that is
played, too. The pods are played but for one, behind which the real proxy runs.
"""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import CHART, HELMS, STORES, Failed, Helm, Objects, sample_key
from registry import stand_ins
from running import ask, forwarded, started_proxy

REPOSITORY = "proxy.image.repository=your-registry.io/llmtrace-proxy"
PASSWORD = "YOUR_SECURE_PASSWORD"
POSTGRES_URL = f"postgres://llmtrace:{PASSWORD}@llmtrace-postgresql:5432/llmtrace"
PRODUCTION = ["-f", "./deployments/helm/llmtrace/values-production.yaml"]
# With `--wait` a command ends when the pods are ready: when every Secret and key that they name is there.
WAIT = ["--wait", "--timeout", "60s"]


def install(helm, *args):
    helm.run("install", "llmtrace", "./deployments/helm/llmtrace", "--namespace", "llmtrace", "--create-namespace", *args, *WAIT, cwd=root(helm))


def install_production(helm, *args):
    secret = ["--set", f"postgresql.auth.password={PASSWORD}", "--set", f"secrets.postgresUrl={POSTGRES_URL}"]
    install(helm, *PRODUCTION, "--set", REPOSITORY, *secret, *args)


def upgrade(helm, *args):
    helm.run("upgrade", "llmtrace", "./deployments/helm/llmtrace", "--namespace", "llmtrace", *args, *WAIT, cwd=root(helm))


def root(helm) -> Path:
    """The repository's root, from which the commands are run."""
    return helm.chart.parents[2]


def image(cluster) -> str:
    return cluster.get("Deployment", "llmtrace")["spec"]["template"]["spec"]["containers"][0]["image"]


def secret(cluster, name: str) -> dict:
    return {key: base64.b64decode(value).decode() for key, value in cluster.get("Secret", name)["data"].items()}


def test_update_helm_dependencies(each_helm, tmp_path):
    """From the repository that Chart.yaml names, played by a registry on loopback that serves the stand-ins."""
    chart = tmp_path / "deployments" / "helm" / "llmtrace"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    with stand_ins(each_helm, tmp_path) as registry:
        each_helm.run("dependency", "update", cwd=chart)
    assert sorted(path.name.rsplit("-", 1)[0] for path in (chart / "charts").iterdir()) == STORES
    assert {each.split("/")[0] for each in registry.asked} == {"registry-1.docker.io"}
    each_helm.run("lint", "--strict", chart)


def test_dependencies_are_pinned_and_can_be_left_out():
    for each in yaml.safe_load((CHART / "Chart.yaml").read_text())["dependencies"]:
        assert each["condition"] == f"{each['name']}.enabled"
        assert re.fullmatch(r"\d+\.\d+\.\d+", each["version"])


@pytest.mark.smoke
def test_install_development(installing, cluster):
    install(installing, "--set", REPOSITORY)
    assert image(cluster) == "your-registry.io/llmtrace-proxy:0.1.0"
    assert cluster.get("Deployment", "llmtrace")["status"]["readyReplicas"] == 1
    listed = installing.kubectl("get", "pods", "-n", "llmtrace")
    for name in ("llmtrace-clickhouse-shard0-0", "llmtrace-postgresql-0", "llmtrace-redis-master-0"):
        assert name in listed
    # Everything that the documentation names.
    for kind, name in [("Service", "llmtrace"), ("Secret", "llmtrace"), ("ConfigMap", "llmtrace-config"), ("ServiceAccount", "llmtrace")]:
        assert cluster.get(kind, name), name


@pytest.mark.smoke
def test_install_production_upgrade_and_uninstall(installing, cluster):
    install_production(installing)
    assert secret(cluster, "llmtrace")["LLMTRACE_POSTGRES_URL"] == POSTGRES_URL
    assert secret(cluster, "llmtrace-postgresql")["password"] == PASSWORD
    assert cluster.get("Deployment", "llmtrace")["spec"]["replicas"] == 2, "the autoscaler's minimum"
    passwords = {store: secret(cluster, f"llmtrace-{store}") for store in STORES}

    # The documented upgrade names neither the image nor the password that the installation named.
    upgrade(installing, *PRODUCTION, "--set", "proxy.image.tag=0.2.0")
    assert image(cluster) == "your-registry.io/llmtrace-proxy:0.2.0"
    assert {store: secret(cluster, f"llmtrace-{store}") for store in STORES} == passwords
    # The URL is the chart's again, and the password comes from the store's own Secret.
    assert secret(cluster, "llmtrace")["LLMTRACE_POSTGRES_URL"] == POSTGRES_URL.replace(f":{PASSWORD}", "")
    env = {each["name"]: each for each in cluster.get("Deployment", "llmtrace")["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["LLMTRACE_POSTGRES_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "llmtrace-postgresql", "key": "password"}

    installing.run("uninstall", "llmtrace", "--namespace", "llmtrace")
    left = {item["kind"] for item in cluster.objects.values() if item["metadata"].get("namespace") == "llmtrace"}
    assert left == {"PersistentVolumeClaim"}
    installing.kubectl("delete", "pvc", "-n", "llmtrace", "--all")
    assert cluster.all("PersistentVolumeClaim") == []


def test_upgrade_in_place_changes_nothing(installing, cluster):
    install(installing, "--set", REPOSITORY)
    before = secret(cluster, "llmtrace"), cluster.get("Deployment", "llmtrace")["spec"]["template"]
    upgrade(installing)
    assert (secret(cluster, "llmtrace"), cluster.get("Deployment", "llmtrace")["spec"]["template"]) == before


def test_keys_given_once_are_kept(installing, cluster):
    key, admin = "ab" * 32, sample_key("first")
    install(installing, "--set", REPOSITORY, "--set", f"secrets.masterKey={key},secrets.adminKey={admin}")
    upgrade(installing, *PRODUCTION, "--set", "proxy.image.tag=0.2.0")
    kept = secret(cluster, "llmtrace")
    assert (kept["LLMTRACE_SECRETS__MASTER_KEY"], kept["LLMTRACE_ADMIN_KEY"]) == (key, admin)


def test_upgrade_to_another_image(installing, cluster):
    install(installing, "--set", "proxy.image.repository=registry:5000/team/llmtrace-proxy")
    upgrade(installing, "--set", "proxy.image.tag=0.2.0")
    assert image(cluster) == "registry:5000/team/llmtrace-proxy:0.2.0"
    digest = "sha256:" + "cd" * 32
    upgrade(installing, "--set", f"proxy.image.digest={digest}")
    assert image(cluster) == f"registry:5000/team/llmtrace-proxy@{digest}"
    upgrade(installing, "--set", "proxy.image.repository=other.io/proxy,proxy.image.tag=0.3.0")
    assert image(cluster) == "other.io/proxy:0.3.0"


def test_rollback(installing, cluster):
    install(installing, "--set", REPOSITORY)
    first = cluster.get("Deployment", "llmtrace")["spec"]["template"]
    upgrade(installing, *PRODUCTION, "--set", "proxy.image.tag=0.2.0,proxy.grpc.enabled=true")
    assert image(cluster).endswith(":0.2.0")
    installing.run("rollback", "llmtrace", "1", "-n", "llmtrace", *WAIT)
    assert cluster.get("Deployment", "llmtrace")["spec"]["template"] == first
    assert cluster.get("HorizontalPodAutoscaler", "llmtrace") is None and cluster.get("Ingress", "llmtrace") is None
    assert [each["port"] for each in cluster.get("Service", "llmtrace")["spec"]["ports"]] == [80]


def test_upgrade_with_the_values_of_before(installing, cluster):
    install_production(installing)
    upgrade(installing, "--reset-then-reuse-values", "--set", "proxy.image.tag=0.2.0")
    assert secret(cluster, "llmtrace")["LLMTRACE_POSTGRES_URL"] == POSTGRES_URL
    assert image(cluster) == "your-registry.io/llmtrace-proxy:0.2.0"


def test_helm_4_goes_on_with_what_helm_3_installed(chart_folder, cluster, tmp_path):
    env = {"KUBECONFIG": str(cluster.write_kubeconfig(tmp_path / "kubeconfig"))}
    three, four = (Helm(name, chart_folder, tmp_path, dict(env)) for name in HELMS)
    install_production(three)
    upgrade(four, *PRODUCTION, "--set", "proxy.image.tag=0.2.0")
    assert image(cluster) == "your-registry.io/llmtrace-proxy:0.2.0"
    four.run("rollback", "llmtrace", "1", "-n", "llmtrace", *WAIT)
    assert image(cluster) == "your-registry.io/llmtrace-proxy:0.1.0"


def test_scale_manually(installing, cluster):
    install(installing, "--set", REPOSITORY)
    installing.kubectl("scale", "deployment", "llmtrace", "-n", "llmtrace", "--replicas=5")
    assert cluster.get("Deployment", "llmtrace")["status"]["readyReplicas"] == 5


def test_upgrade_after_scaling_manually(installing, cluster):
    """Helm 3 sets the number of the values again. Helm 4 asks first, since it was somebody else's last."""
    install(installing, "--set", REPOSITORY)
    installing.kubectl("scale", "deployment", "llmtrace", "-n", "llmtrace", "--replicas=5")
    if installing.name == "helm4":
        with pytest.raises(Failed, match=r"conflict with .kubectl. .*spec.replicas"):
            upgrade(installing, "--set", "proxy.image.tag=0.2.0")
        upgrade(installing, "--set", "proxy.image.tag=0.2.0", "--force-conflicts")
    else:
        upgrade(installing, "--set", "proxy.image.tag=0.2.0")
    assert cluster.get("Deployment", "llmtrace")["spec"]["replicas"] == 1
    # Naming the number that runs is what both take.
    installing.kubectl("scale", "deployment", "llmtrace", "-n", "llmtrace", "--replicas=3")
    upgrade(installing, "--set", "proxy.replicaCount=3")


def test_hpa_not_scaling_commands(installing, cluster):
    install(installing, *PRODUCTION, "--set", REPOSITORY)
    meta = {"name": "metrics-server", "labels": {"k8s-app": "metrics-server"}}
    pod = {"metadata": {"labels": meta["labels"]}, "spec": {"containers": [{"name": "m", "image": "m"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": meta["labels"]}, "template": pod}
    cluster.put(("apps/v1", "deployments", "kube-system", "metrics-server"), {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    for each in [each for each in cluster.all("Pod", "llmtrace") if each["metadata"]["labels"]["app.kubernetes.io/name"] == "llmtrace"]:
        name = each["metadata"]["name"]
        usage = [{"name": "proxy", "usage": {"cpu": "12m", "memory": "70Mi"}}]
        about = {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"name": name}, "containers": usage}
        cluster.put(("metrics.k8s.io/v1beta1", "pods", "llmtrace", name), about | {"timestamp": "2026-01-01T00:00:00Z", "window": "30s"})
    assert "metrics-server" in installing.kubectl("get", "deployment", "-n", "kube-system", "metrics-server")
    assert installing.kubectl("top", "pods", "-n", "llmtrace").count("70Mi") == 2


def test_view_logs(installing, cluster):
    install(installing, "--set", REPOSITORY, "--set", "proxy.replicaCount=2")
    # All pods of the proxy, and of nothing else.
    said = installing.kubectl("logs", "-n", "llmtrace", "-l", "app.kubernetes.io/name=llmtrace")
    assert said.count("says hello") == 2 and not any(store in said for store in STORES)
    assert "says hello" in installing.kubectl("logs", "-n", "llmtrace", "deployment/llmtrace")
    for store in STORES:
        assert "says hello" in installing.kubectl("logs", "-n", "llmtrace", "-l", f"app.kubernetes.io/name={store}")


def test_verify(installing, cluster, tmp_path):
    """Port forwarding and /health, with the real proxy behind the pod: its configuration and variables are the rendered ones. No
    store is there, which keeps it neither from starting nor from being ready."""
    install(installing, "--set", REPOSITORY)
    objects = Objects(list(cluster.objects.values()))
    with started_proxy(objects, tmp_path) as port:
        cluster.ports["llmtrace-"] = port
        with forwarded(installing, "svc/llmtrace", ":80") as (local, said):
            assert said.endswith("-> 8080"), "port 80 of the Service is 8080 of the pod"
            health = json.loads(ask(f"http://127.0.0.1:{local}/health"))
            assert health["status"] == "degraded"
            ask(f"http://127.0.0.1:{local}/readyz")
            assert "llmtrace_build_info" in ask(f"http://127.0.0.1:{local}/metrics")


@pytest.mark.parametrize(("service", "port", "pod_port"), [("llmtrace", 50051, 50051), ("llmtrace-clickhouse", 8123, 8123), ("llmtrace-postgresql", 5432, 5432)])
def test_port_forward_of_other_services(installing, cluster, service, port, pod_port):
    install(installing, "--set", REPOSITORY, "--set", "proxy.grpc.enabled=true")
    cluster.ports["llmtrace-"] = 0
    with forwarded(installing, f"svc/{service}", f":{port}") as (_, said):
        assert said.endswith(f"-> {pod_port}")


def test_troubleshooting_commands(installing, cluster):
    install(installing, "--set", REPOSITORY)
    said = installing.kubectl("describe", "configmap", "-n", "llmtrace", "llmtrace-config")
    assert "upstream_url" in said and "password" not in said.lower()
    data = installing.kubectl("get", "secret", "-n", "llmtrace", "llmtrace", "-o", "jsonpath={.data}")
    program = "to_entries[] | {key: .key, value: (.value | @base64d)}"
    shown = subprocess.run(["jq", program], input=data, capture_output=True, text=True, check=True).stdout
    assert '"http://llmtrace-clickhouse:8123"' in shown
    assert set(json.loads(data)) == set(secret(cluster, "llmtrace"))
    assert installing.kubectl("logs", "-n", "llmtrace", "-l", "app.kubernetes.io/name=llmtrace", "--previous")
    assert "llmtrace" in installing.kubectl("get", "hpa,deployment", "-n", "llmtrace")


def test_external_services(installing, cluster):
    install(installing, "-f", str(root(installing) / "deployments/helm/llmtrace/values-external.yaml"))
    assert cluster.all("StatefulSet") == []
    assert secret(cluster, "llmtrace") == {
        "LLMTRACE_CLICKHOUSE_URL": "http://clickhouse.your-infra.svc:8123",
        "LLMTRACE_CLICKHOUSE_DATABASE": "llmtrace",
        "LLMTRACE_POSTGRES_URL": "postgres://user:pass@postgres.your-infra.svc:5432/llmtrace",
        "LLMTRACE_REDIS_URL": "redis://redis.your-infra.svc:6379",
    }


def test_existing_secret(installing, cluster):
    about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llmtrace"}}
    cluster.put(("v1", "namespaces", "", "llmtrace"), about)
    keys = ["LLMTRACE_CLICKHOUSE_URL", "LLMTRACE_CLICKHOUSE_DATABASE", "LLMTRACE_POSTGRES_URL", "LLMTRACE_REDIS_URL"]
    mine = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "my-llmtrace-credentials"}, "data": dict.fromkeys(keys, "eA==")}
    cluster.put(("v1", "secrets", "llmtrace", "my-llmtrace-credentials"), mine)
    install(installing, "--set", "secrets.create=false,secrets.existingSecret=my-llmtrace-credentials")
    assert cluster.get("Secret", "llmtrace") is None
    assert cluster.get("Deployment", "llmtrace")["status"]["readyReplicas"] == 1
    # A key that is missing is told by the pod, as soon as it is there again all is well.
    del mine["data"]["LLMTRACE_REDIS_URL"]
    cluster.put(("v1", "secrets", "llmtrace", "my-llmtrace-credentials"), mine)
    installing.kubectl("scale", "deployment", "llmtrace", "-n", "llmtrace", "--replicas=2")
    assert cluster.get("Deployment", "llmtrace")["status"]["readyReplicas"] == 0


def test_helm_test(installing, cluster):
    install(installing, "--set", REPOSITORY)
    assert "Succeeded" in installing.run("test", "llmtrace", "-n", "llmtrace", "--timeout", "30s")
    assert not [pod for pod in cluster.all("Pod") if pod["metadata"]["name"] == "llmtrace-test"], "removed when it succeeded"


def test_migrations_by_a_job(installing, cluster):
    install(installing, "--set", REPOSITORY, "--set", "migrations.job.enabled=true")
    (job,) = cluster.all("Job")
    # Another version is another Job: one that is done cannot be changed.
    upgrade(installing, "--set", "migrations.job.enabled=true,proxy.image.tag=0.2.0")
    (other,) = cluster.all("Job")
    assert other["metadata"]["name"] != job["metadata"]["name"]


def test_the_claim_of_the_lite_profile_outlives_the_release(installing, cluster):
    install(installing, "-f", "./deployments/helm/llmtrace/values-lite.yaml", "--set", REPOSITORY)
    assert cluster.all("StatefulSet") == [] and cluster.get("Secret", "llmtrace") is None
    installing.run("uninstall", "llmtrace", "--namespace", "llmtrace")
    assert cluster.get("PersistentVolumeClaim", "llmtrace-data")
    # The next installation of this name takes it over.
    install(installing, "-f", "./deployments/helm/llmtrace/values-lite.yaml", "--set", REPOSITORY)


def test_notes_name_this_release(installing, cluster):
    args = ["--namespace", "team-a", "--create-namespace", "--set", REPOSITORY, *WAIT]
    said = installing.run("install", "gateway", "./deployments/helm/llmtrace", *args, cwd=root(installing))
    assert "kubectl port-forward -n team-a svc/gateway-llmtrace 8080:80" in said
    assert "helm test gateway -n team-a" in said
    assert "WARNING: this installation is OPEN" in said and "config.auth.mode=required" in said
    assert "get no updates since August 2025" in said
    for store in STORES:
        for text in secret_of(cluster, f"gateway-{store}", "team-a").values():
            assert text not in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["proxy.storageProfile=lite"], ["never be used", "--set redis.enabled=false", "volume that is lost with the pod"]),
        (["proxy.storageProfile=memory"], ["gone when the pod goes"]),
        ([], ["names no registry", "its node is lost"]),
        (["persistence.type=claim"], []),
        (["secrets.create=false,secrets.existingSecret=mine"], ["the Secret mine", "rollout restart"]),
        (["config.auth.mode=required"], ["kubectl get secret -n x llmtrace", "{.data.LLMTRACE_ADMIN_KEY}", "X-LLMTrace-Token"]),
        (["config.auth.mode=required,config.auth.admin_key=file:/vault/key"], ["is the one that your values name"]),
        (["ingress.enabled=true"], ["http://llmtrace.local/dashboard", "or the Ingress"]),
        (["proxy.grpc.enabled=true"], ["50051", "nobody listens"]),
    ],
)
def test_notes_say_what_is_at_stake(helm, cluster, tmp_path, values, words):
    helm.env["KUBECONFIG"] = str(cluster.write_kubeconfig(tmp_path / "kubeconfig"))
    sets = [part for value in values for part in ("--set", value)]
    said = helm.run("install", "llmtrace", helm.chart, "-n", "x", "--dry-run=client", *sets).split("NOTES:")[1]
    for word in [*words, "kubectl rollout status -n x deployment/llmtrace"]:
        assert word in said


def secret_of(cluster, name: str, space: str) -> dict:
    return {key: base64.b64decode(value).decode() for key, value in cluster.get("Secret", name, space)["data"].items()}
