"""What controllers and nodes would do, at once: pods come and go, are ready when everything they refer to is there."""

import hashlib
import json
import uuid


def reconcile(cluster):
    """Brings pods, claims and statuses in line with what was written."""
    for key, item in list(cluster.objects.items()):
        kind = item["kind"]
        if kind == "Deployment":
            workload(cluster, item, deployment_replicas(cluster, item), numbered=False)
        elif kind == "StatefulSet":
            workload(cluster, item, item["spec"]["replicas"], numbered=True)
        elif kind == "Job":
            done = {"type": "Complete", "status": "True"}
            cluster.set_status(key, {"succeeded": 1, "conditions": [done]})
        elif kind == "PersistentVolumeClaim":
            cluster.set_status(key, {"phase": "Bound"})
        elif kind == "Pod" and "llmtrace/owner" not in item["metadata"].get("annotations", {}):
            cluster.set_status(key, bare_pod(cluster, item))
    drop_orphans(cluster)


def deployment_replicas(cluster, item: dict) -> int:
    """The replicas asked for; an autoscaler that sees no load keeps the number within its bounds."""
    replicas = item["spec"]["replicas"]
    space, name = item["metadata"]["namespace"], item["metadata"]["name"]
    for other in cluster.all("HorizontalPodAutoscaler", space):
        spec = other["spec"]
        if spec["scaleTargetRef"]["name"] == name:
            replicas = min(max(replicas, spec.get("minReplicas", 1)), spec["maxReplicas"])
    if replicas != item["spec"]["replicas"]:
        item["spec"]["replicas"] = replicas
        cluster.put(("apps/v1", "deployments", space, name), item)
    return replicas


def replica_set(cluster, item: dict, replicas: int, ready: int, revision: str):
    """The set of a Deployment's current template; older ones are not kept."""
    space, name = item["metadata"]["namespace"], item["metadata"]["name"]
    for other in cluster.all("ReplicaSet", space):
        if other["metadata"]["annotations"]["llmtrace/owner"] == f"Deployment/{name}":
            if not other["metadata"]["name"].endswith(revision):
                cluster.remove(("apps/v1", "replicasets", space, other["metadata"]["name"]))
    key = ("apps/v1", "replicasets", space, f"{name}-{revision}")
    template = item["spec"]["template"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": item["metadata"]["uid"], "controller": True}
    meta = {"name": key[3], "labels": template["metadata"]["labels"], "ownerReferences": [owner]}
    meta["annotations"] = {"llmtrace/owner": f"Deployment/{name}"}
    spec = {"replicas": replicas, "selector": item["spec"]["selector"], "template": template}
    if (cluster.objects.get(key) or {}).get("spec") != spec:
        cluster.put(key, {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec})
    seen = {"observedGeneration": cluster.objects[key]["metadata"]["generation"]}
    cluster.set_status(key, {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready} | seen)


def workload(cluster, item: dict, replicas: int, numbered: bool):
    """Pods of one template, and the status of what owns them."""
    space, name = item["metadata"]["namespace"], item["metadata"]["name"]
    template = item["spec"]["template"]
    revision = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
    owner = f"{item['kind']}/{name}"
    wanted = [f"{name}-{n}" if numbered else f"{name}-{revision}-{n}" for n in range(replicas)]
    for pod in cluster.all("Pod", space):
        about = pod["metadata"].get("annotations", {})
        if about.get("llmtrace/owner") == owner and pod["metadata"]["name"] not in wanted:
            cluster.remove(("v1", "pods", space, pod["metadata"]["name"]))
    ready = 0
    for pod_name in wanted:
        for claim in item["spec"].get("volumeClaimTemplates", []):
            claim_name = f"{claim['metadata']['name']}-{pod_name}"
            key = ("v1", "persistentvolumeclaims", space, claim_name)
            if key not in cluster.objects:
                meta = {"name": claim_name, "labels": template["metadata"]["labels"]}
                new = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": claim["spec"]}
                cluster.put(key, new | {"status": {"phase": "Bound"}})
        ready += run_pod(cluster, item, template, pod_name, owner, revision)
    status = {"observedGeneration": item["metadata"]["generation"], "replicas": replicas, "updatedReplicas": replicas}
    status |= {"readyReplicas": ready, "availableReplicas": ready, "currentReplicas": replicas}
    status |= {"currentRevision": revision, "updateRevision": revision}
    if item["kind"] == "Deployment":
        replica_set(cluster, item, replicas, ready, revision)
        good = "True" if ready >= replicas else "False"
        status["conditions"] = [
            {"type": "Available", "status": good, "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]
    plural = "statefulsets" if numbered else "deployments"
    cluster.set_status(("apps/v1", plural, space, name), status)


def run_pod(cluster, item, template, pod_name, owner, revision) -> bool:
    """Makes a pod of the template or looks at it again; says whether it is ready."""
    space = item["metadata"]["namespace"]
    key = ("v1", "pods", space, pod_name)
    if key not in cluster.objects or cluster.objects[key]["metadata"]["annotations"]["llmtrace/revision"] != revision:
        about = template["metadata"]
        marks = {"llmtrace/owner": owner, "llmtrace/revision": revision}
        meta = {"name": pod_name, "labels": about.get("labels", {}), "uid": str(uuid.uuid4())}
        meta["annotations"] = about.get("annotations", {}) | marks
        cluster.put(key, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]})
    pod = cluster.objects[key]
    missing = missing_references(cluster, pod)
    good = "False" if missing else "True"
    containers = [
        {"name": each["name"], "ready": not missing, "restartCount": 0, "image": each["image"], "imageID": ""}
        | {"state": {"waiting": {"reason": "CreateContainerConfigError", "message": missing}} if missing else {"running": {}}}
        for each in pod["spec"]["containers"]
    ]
    conditions = [{"type": kind, "status": good} for kind in ("Ready", "ContainersReady", "Initialized", "PodScheduled")]
    phase = "Pending" if missing else "Running"
    cluster.set_status(key, {"phase": phase, "conditions": conditions, "containerStatuses": containers})
    return not missing


def bare_pod(cluster, pod: dict) -> dict:
    """The status of a pod that nobody owns, such as a test's: it ran to its end."""
    missing = missing_references(cluster, pod)
    return {"phase": "Pending", "message": missing} if missing else {"phase": "Succeeded"}


def missing_references(cluster, pod: dict) -> str:
    """The first thing that a pod refers to and that is not there, as a kubelet would say it."""
    space, spec = pod["metadata"]["namespace"], pod["spec"]

    def data_of(plural, name):
        found = cluster.objects.get(("v1", plural, space, name))
        return None if found is None else (found.get("data") or {})

    account = spec.get("serviceAccountName", "default")
    if account != "default" and ("v1", "serviceaccounts", space, account) not in cluster.objects:
        return f'serviceaccount "{account}" not found'
    for container in spec.get("initContainers", []) + spec["containers"]:
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            for field, plural in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
                ref = source.get(field)
                if ref is None or ref.get("optional"):
                    continue
                data = data_of(plural, ref["name"])
                if data is None:
                    return f'{plural[:-1]} "{ref["name"]}" not found'
                if ref["key"] not in data:
                    return f"couldn't find key {ref['key']} in {plural[:-1]} {space}/{ref['name']}"
    for volume in spec.get("volumes", []):
        if "configMap" in volume and data_of("configmaps", volume["configMap"]["name"]) is None:
            return f'configmap "{volume["configMap"]["name"]}" not found'
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and ("v1", "persistentvolumeclaims", space, claim) not in cluster.objects:
            return f'persistentvolumeclaim "{claim}" not found'
    return ""


def drop_orphans(cluster):
    """Pods whose owner is gone go, too; claims stay."""
    owners = {f"{item['kind']}/{item['metadata']['name']}" for item in cluster.objects.values()}
    for key, item in list(cluster.objects.items()):
        owner = item["metadata"].get("annotations", {}).get("llmtrace/owner")
        if owner and owner not in owners:
            cluster.remove(key)
