"""Which kinds the played cluster has, and the documents in which an API server says so."""

# group/version → plural, kind, namespaced, short names
RESOURCES = {
    "v1": [
        ("namespaces", "Namespace", False, ["ns"]),
        ("nodes", "Node", False, ["no"]),
        ("configmaps", "ConfigMap", True, ["cm"]),
        ("secrets", "Secret", True, []),
        ("services", "Service", True, ["svc"]),
        ("serviceaccounts", "ServiceAccount", True, ["sa"]),
        ("persistentvolumeclaims", "PersistentVolumeClaim", True, ["pvc"]),
        ("pods", "Pod", True, ["po"]),
        ("events", "Event", True, ["ev"]),
    ],
    "apps/v1": [
        ("deployments", "Deployment", True, ["deploy"]),
        ("replicasets", "ReplicaSet", True, ["rs"]),
        ("statefulsets", "StatefulSet", True, ["sts"]),
        ("daemonsets", "DaemonSet", True, ["ds"]),
    ],
    "batch/v1": [("jobs", "Job", True, []), ("cronjobs", "CronJob", True, ["cj"])],
    "networking.k8s.io/v1": [
        ("ingresses", "Ingress", True, ["ing"]),
        ("networkpolicies", "NetworkPolicy", True, ["netpol"]),
    ],
    "policy/v1": [("poddisruptionbudgets", "PodDisruptionBudget", True, ["pdb"])],
    "autoscaling/v2": [("horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ["hpa"])],
    "metrics.k8s.io/v1beta1": [("pods", "PodMetrics", True, [])],
    "monitoring.coreos.com/v1": [
        ("servicemonitors", "ServiceMonitor", True, ["smon"]),
        ("prometheusrules", "PrometheusRule", True, ["promrule"]),
    ],
}

VERBS = ["get", "list", "create", "update", "patch", "delete", "watch", "deletecollection"]


def kind_of(group_version: str, plural: str) -> str | None:
    return next((kind for name, kind, _, _ in RESOURCES.get(group_version, []) if name == plural), None)


def groups() -> dict:
    found: dict[str, list] = {}
    for group_version in RESOURCES:
        if "/" in group_version:
            group, version = group_version.split("/")
            found.setdefault(group, []).append({"groupVersion": group_version, "version": version})
    listed = [{"name": name, "versions": versions, "preferredVersion": versions[0]} for name, versions in found.items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def resource_list(group_version: str) -> dict:
    listed = []
    for plural, kind, namespaced, short in RESOURCES[group_version]:
        base = {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": VERBS}
        listed.append(base | ({"shortNames": short} if short else {}))
        if plural in ("deployments", "statefulsets"):
            scale = {"group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]}
            listed.append({"name": f"{plural}/scale", "singularName": "", "namespaced": True} | scale)
        if group_version == "v1" and plural == "pods":
            listed.append({"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def openapi_index() -> dict:
    path = lambda group_version: ("apis/" if "/" in group_version else "api/") + group_version
    return {"paths": {path(gv): {"serverRelativeURL": f"/openapi/v3/{path(gv)}?hash=1"} for gv in RESOURCES}}


def openapi(group_version: str) -> dict:
    """Enough of the document for a client to see that the server checks fields itself."""
    group, _, version = group_version.rpartition("/")
    paths = {}
    for plural, kind, namespaced, _ in RESOURCES[group_version]:
        root = ("/apis/" if group else "/api/") + group_version + ("/namespaces/{namespace}/" if namespaced else "/")
        operation = {
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
            "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "OK"}},
        }
        paths[f"{root}{plural}/{{name}}"] = {"patch": operation}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "played"}, "paths": paths, "components": {}}
