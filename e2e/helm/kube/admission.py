"""What an API server refuses: fields that the schema does not know, names that are too long, changes of what cannot change."""

import copy
import functools
import re

import kubernetes_validate
import kubernetes_validate.utils

# The validator reads megabytes of schema for each object.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

LABEL = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")
DNS_LABEL = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
DNS_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")


class Refused(Exception):
    """The sentence of the answer 422."""


def admit(new: dict, old: dict | None, version: str):
    """Refuses what a server of this version of Kubernetes would."""
    check_names(new)
    check_fields(new, version)
    if old is not None:
        check_frozen(new, old)


def check_names(item: dict):
    kind, name = item["kind"], item["metadata"]["name"]
    if not (DNS_LABEL if kind in ("Service", "Namespace") else DNS_NAME).match(name):
        raise Refused(f'{kind} "{name}" is invalid: metadata.name')
    for labels in metadata_labels(item):
        for key, value in labels.items():
            if not LABEL.match(value) or len(key.rpartition("/")[2]) > 63:
                raise Refused(f'{kind} "{name}" is invalid: label {key}={value}')
    for container in containers(item):
        variables = [variable["name"] for variable in container.get("env", [])]
        if len(variables) != len(set(variables)):
            raise Refused(f'{kind} "{name}" is invalid: env of {container["name"]} names a variable twice')
    # The pods of a StatefulSet carry its name and a hash in a label.
    if kind == "StatefulSet" and len(name) > 52:
        raise Refused(f'{kind} "{name}" is invalid: metadata.name leaves its pods no room')


def containers(item: dict) -> list[dict]:
    spec = item.get("spec") or {}
    pod = spec if item["kind"] == "Pod" else (spec.get("template") or {}).get("spec") or {}
    return pod.get("containers", []) + pod.get("initContainers", [])


def metadata_labels(item):
    """Every map of labels in an object."""
    if isinstance(item, dict):
        for key, value in item.items():
            if key in ("labels", "matchLabels", "nodeSelector") and isinstance(value, dict):
                yield value
            else:
                yield from metadata_labels(value)
    elif isinstance(item, list):
        for part in item:
            yield from metadata_labels(part)


def check_fields(item: dict, version: str):
    if "monitoring.coreos.com" in item["apiVersion"] or item["kind"] in ("Scale", "PodMetrics"):
        return
    plain = copy.deepcopy(item)
    plain.pop("status", None)
    for key in ("managedFields", "creationTimestamp", "generation"):
        plain["metadata"].pop(key, None)
    try:
        kubernetes_validate.validate(plain, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(str(part) for part in error.path)
        raise Refused(f'{item["kind"]} "{item["metadata"]["name"]}" is invalid: {place}: {error.message}') from error


def check_frozen(new: dict, old: dict):
    kind = new["kind"]
    frozen = {
        "Deployment": ["selector"],
        "StatefulSet": ["selector", "serviceName", "volumeClaimTemplates"],
        "Job": ["selector", "template"],
        "PersistentVolumeClaim": ["accessModes", "storageClassName"],
    }
    for field in frozen.get(kind, []):
        if new["spec"].get(field) != old["spec"].get(field):
            raise Refused(f'{kind} "{new["metadata"]["name"]}" is invalid: spec.{field}: field is immutable')
    if kind in ("Secret", "ConfigMap") and old.get("immutable") and new.get("data") != old.get("data"):
        raise Refused(f'{kind} "{new["metadata"]["name"]}" is invalid: data: field is immutable when `immutable` is set')
