"""Every way to install it renders, is clean to lint, is what Kubernetes takes, and is what it was last time."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from chart import HELMS, KEY, ROOT, Helm, Objects, check_config, sample_key

SNAPSHOTS = Path(__file__).resolve().parent / "snapshots"
KUBERNETES = ["1.26", "1.30", "1.33", "1.37"]

# What every optional object and field looks like.
EVERYTHING = {
    "commonLabels": {"team": "platform"},
    "imagePullSecrets": [{"name": "registry"}],
    "proxy": {
        "grpc": {"enabled": True},
        "podAnnotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"},
        "podLabels": {"tier": "edge"},
        "extraEnv": [{"name": "OPENAI_KEY", "valueFrom": {"secretKeyRef": {"name": "openai", "key": "key"}}}],
        "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
        "extraContainers": [{"name": "sidecar", "image": "sidecar:1"}],
        "extraInitContainers": [{"name": "before", "image": "before:1"}],
        "extraPorts": [{"name": "admin", "containerPort": 8081}],
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "llm", "operator": "Exists"}],
        "podAntiAffinity": "hard",
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "high",
    },
    "persistence": {"type": "claim", "accessModes": ["ReadWriteMany"], "storageClass": "shared"},
    "service": {"type": "LoadBalancer", "extraPorts": [{"name": "admin", "port": 8081, "targetPort": "admin"}]},
    "ingress": {"enabled": True},
    "autoscaling": {"enabled": True, "targetInFlightRequests": 50},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True, "ingressFrom": [{"podSelector": {}}]},
    "secrets": {"masterKey": "00" * 32, "adminKey": sample_key("everything"), "annotations": {"reloader": "yes"}},
    "migrations": {"job": {"enabled": True}},
    "metrics": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
    },
    "config": {
        "admin": {"listen_addr": "0.0.0.0:8081"},
        "upstreams": [{"name": "local", "url": "http://vllm.models.svc:8000"}],
        "allowed_hosts": ["llm.internal"],
    },
}

MINIMAL = {
    "proxy": {"storageProfile": "memory"},
    "serviceAccount": {"create": False},
    "tests": {"enabled": False},
    "clickhouse": {"enabled": False},
    "postgresql": {"enabled": False},
    "redis": {"enabled": False},
}

CASES = {
    "default": {},
    "minimal": MINIMAL,
    "production": "production",
    "external": "external",
    "lite": "lite",
    "existing-secret": {"secrets": {"create": False, "existingSecret": "my-llmtrace-credentials"}},
    "ingress": {
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
            "hosts": [{"host": "llmtrace.example.com", "paths": [{"path": "/", "pathType": "Prefix"}]}],
            "tls": [{"secretName": "llmtrace-tls", "hosts": ["llmtrace.example.com"]}],
        }
    },
    "everything-on": EVERYTHING,
}
SMOKE = ["default", "production"]


class Readable(yaml.SafeDumper):
    """Texts of several lines as such."""


Readable.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def cases():
    return [pytest.param(name, marks=pytest.mark.smoke if name in SMOKE else []) for name in CASES]


def render(helm: Helm, case: str) -> Objects:
    given = CASES[case]
    # Without it a key is made where keys are asked for, another one at each rendering.
    key = ["--set", f"secrets.adminKey={sample_key(case)}"] if given == "production" else []
    return helm.template(*helm.file(given), *key) if isinstance(given, str) else helm.template(values=given)


@pytest.mark.smoke
def test_both_helms_find_nothing_to_lint(each_helm):
    said = each_helm.run("lint", "--strict", each_helm.chart)
    assert "0 chart(s) failed" in said and "WARNING" not in said


@pytest.mark.parametrize("case", cases())
def test_both_helms_render_the_same(case, chart_folder, tmp_path):
    three, four = (steady(render(Helm(name, chart_folder, tmp_path), case)) for name in HELMS)
    assert three == four


def steady(objects: Objects) -> list[dict]:
    """The objects without what is random in them, in one order."""
    items = copy.deepcopy([item for item in objects.items])
    for item in items:
        if item["kind"] == "Secret" and item["metadata"]["name"].endswith(("-clickhouse", "-postgresql", "-redis")):
            item["data"] = {key: "random" for key in item["data"]}
    return sorted(items, key=lambda item: (item["kind"], item["metadata"]["name"]))


@pytest.mark.parametrize("case", cases())
def test_what_is_rendered_is_what_it_was(helm, case):
    """Snapshots of the chart's own objects; UPDATE_SNAPSHOTS=1 writes them."""
    ours = [item for item in steady(render(helm, case)) if not of_a_stub(item)]
    for item in ours:
        # The dashboard is a file of its own.
        item.get("data", {}).pop("llmtrace.json", None)
        if "LLMTRACE_ADMIN_KEY" in item.get("data", {}):
            item["data"]["LLMTRACE_ADMIN_KEY"] = "the administrator's key"
    text = "---\n".join(yaml.dump(item, Dumper=Readable, sort_keys=False, width=140, allow_unicode=True) for item in ours)
    text = re.sub(r"(checksum/[a-z]+|migrate-)(: )?[0-9a-f]{8,64}", r"\1\2…", text)
    path = SNAPSHOTS / f"{case}.yaml"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.exists() and path.read_text() == text, f"{path.name} differs: look with UPDATE_SNAPSHOTS=1 and git diff"


def of_a_stub(item: dict) -> bool:
    name = item["metadata"]["name"]
    return any(name.startswith(f"llmtrace-{store}") for store in ("clickhouse", "postgresql", "redis"))


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("version", [pytest.param(v, marks=pytest.mark.smoke if v == "1.33" else []) for v in KUBERNETES])
def test_kubernetes_takes_it(helm, case, version):
    for item in render(helm, case).items:
        if "monitoring.coreos.com" not in item["apiVersion"]:
            kubernetes_validate.validate(item, version, strict=True)


@pytest.mark.parametrize("case", cases())
def test_the_proxy_takes_the_configuration(helm, case, tmp_path):
    done = check_config(render(helm, case), tmp_path)
    assert done.returncode == 0, done.stderr
    # A setting without effect is a note.
    notes = [line for line in done.stderr.splitlines() if "is set and not used" in line]
    assert notes == []


@pytest.mark.parametrize("case", cases())
def test_no_password_is_outside_a_secret(helm, case):
    for item in render(helm, case).items:
        if item["kind"] != "Secret":
            text = yaml.safe_dump(item)
            assert not re.search(r"://[^/@\s]*:[^/@\s]+@", text), item["metadata"]["name"]
            assert "00" * 32 not in text and not KEY.search(text)


@pytest.mark.parametrize("case", cases())
def test_every_pod_is_locked_down(helm, case):
    for item in render(helm, case).items:
        if of_a_stub(item) or item["kind"] not in ("Deployment", "Pod", "Job"):
            continue
        pod = item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        container = next(each for each in pod["containers"] if each["name"] in ("proxy", "migrate", "health"))
        context = container["securityContext"]
        assert context["runAsUser"] == 10001 and context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]} and context["allowPrivilegeEscalation"] is False


@pytest.mark.smoke
def test_generated_files_are_current():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "helm_generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
