#!/usr/bin/env python3
"""Writes what of the chart follows from other files: README.md from values.yaml, and in values.schema.json the part `config`
from docs/reference/config.schema.json. `scripts/helm.sh generate` calls it; a test checks that it would change nothing.

Usage: helm_generate.py [--check]
"""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deployments" / "helm" / "llmtrace"

HEAD = """# The LLMTrace chart

<!-- Made of values.yaml by `scripts/helm.sh generate`. -->

Installs the proxy and, unless told otherwise, ClickHouse, PostgreSQL and Redis. Helm 3.12 or newer, Kubernetes 1.26 or newer. How to install, upgrade
and operate it: [docs/guide/kubernetes.md](../../../docs/guide/kubernetes.md).

```sh
helm dependency update deployments/helm/llmtrace
helm install llmtrace deployments/helm/llmtrace --namespace llmtrace --create-namespace \\
  --set proxy.image.repository=your-registry.io/llmtrace-proxy
```

| file | for |
|---|---|
| `values-production.yaml` | several replicas that scale, keys asked for, Ingress with TLS, NetworkPolicy |
| `values-external.yaml` | stores of your own |
| `values-lite.yaml` | one replica with SQLite on a volume |

Whatever has no value here is set under `config`, as in the [configuration](../../../docs/reference/config.md). Values of `clickhouse`, `postgresql` and
`redis` that are not listed are those of the sub-charts.

| value | what it is | default |
|---|---|---|
"""


def described(text: str) -> list[tuple[str, str]]:
    """The values that a comment beginning with `--` stands above, with that comment."""
    found, comment, path, inside = [], None, [], None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        # Lines of a block text are no keys.
        if inside is not None and (not line.strip() or indent > inside):
            continue
        inside = None
        if comment is not None and (more := re.match(r" *# (?!--)(.*)", line)):
            comment += " " + more[1].strip()
        elif start := re.match(r" *# -- (.*)", line):
            comment = start[1].strip()
        elif key := re.match(r"( *)([A-Za-z0-9_.-]+):(.*)", line):
            path = path[: indent // 2] + [key[2]]
            if comment is not None:
                found.append((".".join(path), comment))
            comment = None
            if re.match(r" *[|>]", key[3]):
                inside = indent
        elif line.strip():
            comment = None
    return found


def default_of(values: dict, path: str):
    for part in path.split("."):
        values = values[part]
    return values


def readme() -> str:
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    rows = []
    for path, comment in described(text):
        default = json.dumps(default_of(values, path), ensure_ascii=False).replace("|", "\\|")
        rows.append(f"| `{path}` | {comment.replace('|', chr(92) + '|')} | `{default}` |")
    return HEAD + "\n".join(rows) + "\n"


def slim(schema):
    """What a validator looks at: the descriptions are in docs/reference. A section of values may name only what differs."""
    if isinstance(schema, list):
        return [slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key in ("description", "default", "title", "format", "$schema", "required") or key.startswith("x-"):
            continue
        if key == "properties":
            out[key] = {name: slim(item) for name, item in value.items()}
        else:
            out[key] = slim(value)
    return out


def written(value, indent: int = 0) -> str:
    """JSON with short things on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= 140 or not isinstance(value, (dict, list)):
        return line
    pad, end = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        inner = ",\n".join(f"{pad}{json.dumps(key)}: {written(item, indent + 2)}" for key, item in value.items())
        return "{\n" + inner + "\n" + end + "}"
    return "[\n" + ",\n".join(pad + written(item, indent + 2) for item in value) + "\n" + end + "]"


def schema() -> str:
    values = json.loads((CHART / "values.schema.json").read_text())
    ours = slim(json.loads((ROOT / "docs" / "reference" / "config.schema.json").read_text()))
    values["properties"]["config"] = ours | {"type": ["object", "null"]}
    return written(values) + "\n"


def main() -> int:
    stale = []
    for path, text in ((CHART / "README.md", readme()), (CHART / "values.schema.json", schema())):
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in sys.argv:
            stale.append(str(path.relative_to(ROOT)))
        else:
            path.write_text(text)
    if stale:
        print(f"{', '.join(stale)}: not what `scripts/helm.sh generate` writes; run it, and look at the difference")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
