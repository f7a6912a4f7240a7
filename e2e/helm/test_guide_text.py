"""The commands of docs/guide/kubernetes.md, letter by letter, typed into a shell by both helms' users against a played cluster; and its
YAML. What each command has to bring about is tested in `test_guide_commands.py`; here it has to work as it stands, where it stands.
"""

import base64
import copy
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import CHART, KEY, STORES, Helm, Objects, check_config, program
from guide import blocks, commands
from registry import stand_ins
from running import started_proxy

INSTALL = "helm install llmtrace ./deployments/helm/llmtrace --namespace llmtrace --create-namespace"
REPOSITORY = "--set proxy.image.repository=your-registry.io/llmtrace-proxy"
FETCH = ["cd deployments/helm/llmtrace", "helm dependency update", "cd -"]
TRY_IT = f"{INSTALL} {REPOSITORY}"
VERIFY = [
    "kubectl get pods -n llmtrace -w",
    "kubectl port-forward -n llmtrace svc/llmtrace 8080:80",
    "curl http://localhost:8080/health",
    "helm test llmtrace -n llmtrace",
]
OPERATE = [
    "kubectl logs -n llmtrace -l app.kubernetes.io/name=llmtrace -f",
    "kubectl logs -n llmtrace deployment/llmtrace -f",
    "kubectl port-forward -n llmtrace svc/llmtrace-clickhouse 8123:8123",
    "kubectl port-forward -n llmtrace svc/llmtrace-postgresql 5432:5432",
    "kubectl scale deployment llmtrace -n llmtrace --replicas=5",
    "kubectl scale deployment llmtrace -n llmtrace --replicas=3",
    "kubectl rollout restart -n llmtrace deployment/llmtrace",
    "kubectl label namespace llmtrace pod-security.kubernetes.io/enforce=restricted",
]
TROUBLESHOOT = [
    "kubectl logs -n llmtrace -l app.kubernetes.io/name=llmtrace --previous",
    "kubectl describe configmap -n llmtrace llmtrace-config",
    "kubectl get pods -n llmtrace",
    "kubectl logs -n llmtrace -l app.kubernetes.io/name=clickhouse",
    "kubectl logs -n llmtrace -l app.kubernetes.io/name=postgresql",
    "kubectl logs -n llmtrace -l app.kubernetes.io/name=redis",
    "kubectl get secret -n llmtrace llmtrace -o jsonpath='{.data}' | jq 'to_entries[] | {key: .key, value: (.value | @base64d)}'",
    "kubectl get secret -n llmtrace llmtrace -o yaml",
]
KEYS = [
    "LLMTRACE_KEY=$(kubectl get secret -n llmtrace llmtrace -o jsonpath='{.data.LLMTRACE_ADMIN_KEY}' | base64 -d)",
    'curl http://localhost:8080/api/v1/info -H "X-LLMTrace-Token: $LLMTRACE_KEY"',
]
CLOSE = "helm upgrade llmtrace ./deployments/helm/llmtrace --namespace llmtrace --reset-then-reuse-values --set config.auth.mode=required"
GRPC = "kubectl port-forward -n llmtrace svc/llmtrace 50051:50051"
UNINSTALL = ["helm uninstall llmtrace --namespace llmtrace", "kubectl delete pvc -n llmtrace --all"]
PRODUCTION = [
    f"{INSTALL} -f ./deployments/helm/llmtrace/values-production.yaml {REPOSITORY} --set postgresql.auth.password=YOUR_SECURE_PASSWORD "
    '--set secrets.postgresUrl="postgres://llmtrace:YOUR_SECURE_PASSWORD@llmtrace-postgresql:5432/llmtrace"',
    "helm upgrade llmtrace ./deployments/helm/llmtrace --namespace llmtrace -f ./deployments/helm/llmtrace/values-production.yaml "
    "--set proxy.image.tag=0.2.0",
    "helm upgrade llmtrace ./deployments/helm/llmtrace --namespace llmtrace --reset-then-reuse-values --set proxy.image.tag=0.2.0",
    "helm history llmtrace -n llmtrace",
    "helm rollback llmtrace -n llmtrace",
]
SCALING = [
    "kubectl get deployment -n kube-system metrics-server",
    "kubectl top pods -n llmtrace",
    "kubectl describe hpa -n llmtrace llmtrace",
]
EXTERNAL = "helm install llmtrace ./deployments/helm/llmtrace -f values-external.yaml --namespace llmtrace --create-namespace"
EXISTING = [
    "kubectl create namespace llmtrace",
    "kubectl create secret generic my-llmtrace-credentials -n llmtrace "
    "--from-literal=LLMTRACE_CLICKHOUSE_URL=http://llmtrace@clickhouse:8123 --from-literal=LLMTRACE_CLICKHOUSE_DATABASE=llmtrace "
    "--from-literal=LLMTRACE_POSTGRES_URL=postgres://llmtrace@postgres:5432/llmtrace --from-literal=LLMTRACE_REDIS_URL=redis://redis:6379 "
    """--from-literal=LLMTRACE_ADMIN_KEY="llmt_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)\"""",
]
SEALED = (
    "kubectl create secret generic my-llmtrace-credentials -n llmtrace --dry-run=client -o yaml --from-env-file=llmtrace.env "
    "| kubeseal --format yaml >my-llmtrace-credentials.yaml"
)
# What a played cluster and this machine cannot do, and who does it.
ELSEWHERE = {
    "docker build -t llmtrace-proxy:0.1.0 .": "e2e/image builds the same file",
    "docker tag llmtrace-proxy:0.1.0 your-registry.io/llmtrace-proxy:0.1.0": "no registry",
    "docker push your-registry.io/llmtrace-proxy:0.1.0": "no registry",
    "kubectl exec -n llmtrace deployment/llmtrace -- /usr/local/bin/llmtrace-proxy doctor": "pods run nothing; e2e/image calls it in a container",
    "kubectl exec -n llmtrace deployment/llmtrace -- /usr/local/bin/llmtrace-proxy check --connect": "the same",
    "kubectl exec -n llmtrace llmtrace-postgresql-0 -- sh -c 'PGPASSWORD=$(cat $POSTGRES_PASSWORD_FILE) pg_dump -U llmtrace "
    "--schema=llmtrace llmtrace' >llmtrace.sql": "pods run nothing",
}


@pytest.mark.smoke
def test_every_command_of_the_guide_is_typed():
    typed = [*FETCH, TRY_IT, *VERIFY, *OPERATE, *TROUBLESHOOT, *KEYS, CLOSE, GRPC, *UNINSTALL, *PRODUCTION, *SCALING, EXTERNAL, *EXISTING, SEALED]
    assert set(commands("kubernetes")) == {*typed, *ELSEWHERE}


class Reader:
    """Somebody at a shell in the repository's root."""

    def __init__(self, helm: Helm, root: Path, folder: Path):
        self.root, self.helm = root, helm
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("helm", "kubectl"):
            (self.programs / name).symlink_to(Path(shutil.which(program(helm.name, name))).resolve())

    def start(self, text: str) -> subprocess.Popen:
        search = f"{self.programs}:/usr/local/bin:/usr/bin:/bin"
        env = {"PATH": search, "HOME": str(self.helm.home), "HELM_CACHE_HOME": str(self.helm.home)} | self.helm.env
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        # `exec` where it is one command: what is ended then is the command, not a shell around it.
        script = text if "\n" in text or "|" in text else f"exec {text}"
        return subprocess.Popen(["bash", "-eo", "pipefail", "-c", script], cwd=self.root, env=env, text=True, **streams)

    def types(self, *lines: str) -> str:
        with self.start("\n".join(lines)) as process:
            said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, f"{lines}: {said}"
        return said

    def follows(self, line: str, until: str) -> re.Match:
        """Types what only ends when it is interrupted, and interrupts it when it has said this."""
        with self.start(line) as process:
            said = ""
            try:
                for part in process.stdout:
                    said += part
                    if found := re.search(until, said):
                        return found
            finally:
                process.kill()
        raise AssertionError(f"{line}: {said}")

    def forwards(self, line: str, pod_port: int):
        """The same but for the port of this machine, which may be another program's."""
        line = re.sub(r"\d+(:\d+)$", r"\1", line)
        self.follows(line, rf"Forwarding from 127\.0\.0\.1:\d+ -> {pod_port}\n")


@pytest.fixture
def reader(installing, tmp_path):
    return Reader(installing, installing.chart.parents[2], tmp_path)


def ready(cluster) -> int:
    return cluster.get("Deployment", "llmtrace")["status"]["readyReplicas"]


def test_trying_it_out(installing, cluster, tmp_path):
    chart = tmp_path / "deployments" / "helm" / "llmtrace"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    reader = Reader(installing, tmp_path, tmp_path)
    with stand_ins(installing, tmp_path):
        reader.types(*FETCH)
    reader.types(TRY_IT)
    assert ready(cluster) == 1

    watch, forward, ask, test = VERIFY
    reader.follows(watch, r"(?s)llmtrace-clickhouse.*llmtrace-postgresql.*llmtrace-redis")
    with started_proxy(Objects(list(cluster.objects.values())), tmp_path) as port:
        cluster.ports["llmtrace-"] = port
        reader.forwards(forward, 8080)
        assert '"degraded"' in reader.types(ask.replace("8080", str(port)))
    reader.types(test)

    for line in OPERATE:
        if "port-forward" in line:
            reader.forwards(line, int(line.rpartition(":")[2]))
        else:
            reader.types(line)
    assert ready(cluster) == 3
    for line in TROUBLESHOOT:
        assert reader.types(line)

    reader.types(*UNINSTALL)
    assert {item["kind"] for item in cluster.objects.values() if item["metadata"].get("namespace") == "llmtrace"} == set()


def test_keys(reader, cluster, tmp_path):
    reader.types(TRY_IT)
    reader.types(CLOSE)
    with started_proxy(Objects(list(cluster.objects.values())), tmp_path) as port:
        read, ask = (line.replace("8080", str(port)) for line in KEYS)
        assert '"version"' in reader.types(read, ask)
        assert "no-access" in reader.types(ask)


def test_grpc(reader, cluster):
    reader.types(f"{TRY_IT} --set proxy.grpc.enabled=true")
    cluster.ports["llmtrace-"] = 0
    reader.forwards(GRPC, 50051)


def test_production(reader, cluster):
    install, *later = PRODUCTION
    reader.types(install)
    assert ready(cluster) == 2
    for line in later:
        reader.types(line)
    meta = {"name": "metrics-server"}
    cluster.put(("apps/v1", "deployments", "kube-system", "metrics-server"), copy.deepcopy(cluster.get("Deployment", "llmtrace")) | {"metadata": meta})
    for pod in cluster.all("Pod", "llmtrace"):
        about = {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"name": pod["metadata"]["name"]}, "containers": []}
        cluster.put(("metrics.k8s.io/v1beta1", "pods", "llmtrace", about["metadata"]["name"]), about | {"timestamp": "2026-01-01T00:00:00Z", "window": "30s"})
    for line in SCALING:
        assert reader.types(line)
    reader.types(*UNINSTALL)


def values_with(word: str) -> list[str]:
    return [text for text in blocks("kubernetes", "yaml") if word in text and not text.startswith("apiVersion")]


def test_external_services(reader, cluster):
    (text,) = values_with("your-infra")
    (reader.root / "values-external.yaml").write_text(text)
    reader.types(EXTERNAL)
    assert cluster.all("StatefulSet") == [] and ready(cluster) == 1
    # The chart's file of that name says the same.
    assert yaml.safe_load(text) == yaml.safe_load((CHART / "values-external.yaml").read_text())


def test_an_existing_secret(reader, cluster):
    reader.types(*EXISTING)
    (text,) = values_with("existingSecret")
    (reader.root / "mine.yaml").write_text(text)
    reader.types(f"{TRY_IT} -f mine.yaml")
    assert ready(cluster) == 1 and cluster.get("Secret", "llmtrace") is None
    key = cluster.get("Secret", "my-llmtrace-credentials")["data"]["LLMTRACE_ADMIN_KEY"]
    assert KEY.fullmatch(base64.b64decode(key).decode())


def test_a_sealed_secret(reader):
    """Up to the program that seals it, which is another project's."""
    seal = reader.programs / "kubeseal"
    seal.write_text("#!/bin/sh\ncat\n")
    seal.chmod(0o755)
    keys = ["CLICKHOUSE_URL", "CLICKHOUSE_DATABASE", "POSTGRES_URL", "REDIS_URL"]
    (reader.root / "llmtrace.env").write_text("".join(f"LLMTRACE_{key}=x\n" for key in keys))
    reader.types(SEALED)
    sealed = yaml.safe_load((reader.root / "my-llmtrace-credentials.yaml").read_text())
    assert set(sealed["data"]) == {f"LLMTRACE_{key}" for key in keys}


@pytest.mark.parametrize("text", blocks("kubernetes", "yaml"), ids=lambda text: " ".join(text.split())[:40])
def test_the_yaml_of_the_guide(each_helm, text, tmp_path):
    """Values render, and the proxy takes the configuration that they make. Of another project's object it is the values in it."""
    # What an agent writes into a pod.
    (tmp_path / "written").write_text("x")
    values = yaml.safe_load(text.replace("file:/vault/secrets/postgres", f"file:{tmp_path}/written"))
    if "apiVersion" in values:
        values = values["spec"].get("source", {}).get("helm", {}).get("valuesObject", {})
    objects = each_helm.template(values=values)
    done = check_config(objects, tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("networkPolicy", "ingress"):
        if part in values:
            assert objects.one({"networkPolicy": "NetworkPolicy", "ingress": "Ingress"}[part])


def test_stores_that_operators_run(helm):
    """The URLs and the variable that the guide gives for them, with values as it names them."""
    page = blocks("kubernetes", "yaml")
    secret = {"secretKeyRef": {"name": "llmtrace-postgres-app", "key": "password"}}
    values = {store: {"enabled": False} for store in STORES} | {
        "secrets": {
            "clickhouseUrl": "http://llmtrace@clickhouse-llmtrace:8123",
            "postgresUrl": "postgres://llmtrace@llmtrace-postgres-rw:5432/llmtrace?sslmode=require",
            "redisUrl": "redis://valkey:6379",
        },
        "config": {"clickhouse": {"cluster": "main"}},
        "proxy": {"extraEnv": [{"name": "LLMTRACE_POSTGRES_PASSWORD", "valueFrom": secret}]},
    }
    objects = helm.template(values=values)
    assert objects.env["LLMTRACE_POSTGRES_PASSWORD"] == secret
    kinds = [yaml.safe_load(text).get("kind") for text in page]
    assert {"ClickHouseInstallation", "Cluster", "ExternalSecret", "Application"} <= set(kinds)
