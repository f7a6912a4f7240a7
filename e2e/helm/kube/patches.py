"""How objects change: merge patch, strategic merge patch, and server-side apply with one record of what each manager set."""

import base64
import copy

# Lists that are merged by a key of their items. Ports have another one in a container than in a Service.
MERGE_KEYS = {
    "containers": ["name"],
    "initContainers": ["name"],
    "env": ["name"],
    "volumes": ["name"],
    "volumeMounts": ["mountPath"],
    "ports": ["containerPort", "port"],
    "imagePullSecrets": ["name"],
    "topologySpreadConstraints": ["topologyKey"],
}


def merge(base, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


def merge_key(name: str, items: list) -> str | None:
    """The key that tells a list's items apart, where the list has one."""
    dicts = [item for item in items if isinstance(item, dict) and "$patch" not in item]
    for key in MERGE_KEYS.get(name, []):
        if dicts and all(key in item for item in dicts):
            return key
    return None


def strategic(base, patch, name: str = ""):
    """Strategic merge patch, as far as helm and kubectl use it."""
    if isinstance(patch, list):
        return strategic_list(base if isinstance(base, list) else [], patch, name)
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    out = dict(base) if isinstance(base, dict) else {}
    if "$retainKeys" in patch:
        out = {key: value for key, value in out.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key == "$retainKeys" or key.startswith("$setElementOrder/"):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.split("/", 1)[1]
            out[field] = [item for item in out.get(field, []) if item not in value]
        elif value is None:
            out.pop(key, None)
        else:
            out[key] = strategic(out.get(key), value, key)
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            sort_by(out, key.split("/", 1)[1], order)
    return out


def strategic_list(base: list, patch: list, name: str) -> list:
    items = [item for item in patch if not (isinstance(item, dict) and item.get("$patch") == "delete")]
    key = merge_key(name, base or items)
    if key is None:
        return copy.deepcopy(items)
    gone = [item[key] for item in patch if isinstance(item, dict) and item.get("$patch") == "delete"]
    out = [item for item in base if item.get(key) not in gone]
    for item in items:
        at = next((n for n, known in enumerate(out) if known.get(key) == item.get(key)), None)
        if at is None:
            out.append(strategic({}, item))
        else:
            out[at] = strategic(out[at], item)
    return out


def sort_by(out: dict, field: str, order: list):
    if not (isinstance(out.get(field), list) and order and isinstance(order[0], dict)):
        return
    key = next(iter(order[0]))
    places = {item.get(key): n for n, item in enumerate(order)}
    out[field].sort(key=lambda item: places.get(item.get(key), len(places)))


def apply(base: dict, before: dict, now: dict, name: str = ""):
    """Server-side apply: what the manager set before and no longer sets goes, what it sets now comes."""
    if isinstance(now, list):
        key = merge_key(name, now)
        if key is None or not isinstance(base, list):
            return copy.deepcopy(now)
        old = {item.get(key): item for item in before} if isinstance(before, list) else {}
        live = {item.get(key): item for item in base}
        kept = [item for item in base if item.get(key) not in old and item.get(key) not in {n[key] for n in now}]
        return [apply(live.get(item[key]), old.get(item[key]), item) for item in now] + kept
    if not isinstance(now, dict):
        return now
    out = dict(base) if isinstance(base, dict) else {}
    for key in before if isinstance(before, dict) else {}:
        if key not in now:
            out.pop(key, None)
    for key, value in now.items():
        old = before.get(key) if isinstance(before, dict) else None
        out[key] = apply(out.get(key), old, value, key)
    return out


# Protobuf: the form in which clients send what their own storage writes.


def fields(raw: bytes) -> list:
    """The fields of a message, as (number, value)."""
    at, out = 0, []

    def varint():
        nonlocal at
        result = shift = 0
        while True:
            byte = raw[at]
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    while at < len(raw):
        number, wire = divmod(varint(), 8)
        if wire == 0:
            value = varint()
        else:
            length = varint() if wire == 2 else {1: 8, 5: 4}[wire]
            value = raw[at : at + length]
            at += length
        out.append((number, value))
    return out


def mapping(message: list, number: int) -> dict:
    entries = [dict(fields(value)) for field, value in message if field == number]
    return {entry.get(1, b"").decode(): entry.get(2, b"") for entry in entries}


def from_protobuf(raw: bytes) -> dict:
    """A Secret, ConfigMap or Namespace; of other kinds the name and labels."""
    envelope = dict(fields(raw[4:]))
    about = {number: value.decode() for number, value in fields(envelope[1])}
    message = fields(envelope[2])
    metadata = fields(dict(message).get(1, b""))
    labels = {key: value.decode() for key, value in mapping(metadata, 11).items()}
    annotations = {key: value.decode() for key, value in mapping(metadata, 12).items()}
    out = {"apiVersion": about[1], "kind": about[2], "metadata": {"name": dict(metadata).get(1, b"").decode()}}
    if labels:
        out["metadata"]["labels"] = labels
    if annotations:
        out["metadata"]["annotations"] = annotations
    if about[2] == "Secret":
        out["data"] = {key: base64.b64encode(value).decode() for key, value in mapping(message, 2).items()}
        out["type"] = dict(message).get(3, b"Opaque").decode()
    if about[2] == "ConfigMap":
        out["data"] = {key: value.decode() for key, value in mapping(message, 2).items()}
    return out
