"""Runs helm and kubectl on the chart, and looks at what comes out. The sub-charts are those of `stubs/`."""

import base64
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deployments" / "helm" / "llmtrace"
STUBS = Path(__file__).resolve().parent / "stubs"
PROGRAMS = ROOT / ".venv-helm"
# The digits of a version that a test names; both majors render the same.
HELMS = ["helm3", "helm4"]
STORES = ["clickhouse", "postgresql", "redis"]
KEY = re.compile(r"llmt_[A-Za-z0-9_-]{43}")


def program(helm: str, name: str = "helm") -> str:
    own = os.environ.get("KUBECTL" if name == "kubectl" else helm.upper())
    return own or str(PROGRAMS / helm / name)


def sample_key(word: str) -> str:
    """What has the form of an API key and says that it is none; whole nowhere but here."""
    return "_".join(["llmt", f"not-a-secret-{word}-".ljust(43, "0")])


def with_stubs(folder: Path) -> Path:
    """A copy of the chart as it is after `helm dependency update`, with stand-ins for the sub-charts."""
    chart = folder / "deployments" / "helm" / "llmtrace"
    ignored = shutil.ignore_patterns("charts", "Chart.lock")
    shutil.copytree(CHART, chart, ignore=ignored)
    for name in STORES:
        shutil.copytree(STUBS / name, chart / "charts" / name)
    return chart


class Failed(AssertionError):
    """What helm said when it refused."""


class Objects:
    """Rendered or stored objects, found by kind and name."""

    def __init__(self, items: list[dict]):
        self.items = items

    @classmethod
    def parse(cls, text: str):
        return cls([item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item])

    def all(self, kind: str) -> list[dict]:
        return [item for item in self.items if item["kind"] == kind]

    def one(self, kind: str, name: str = "llmtrace") -> dict:
        found = [item for item in self.all(kind) if item["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} {kind} {name}; there are {[i['metadata']['name'] for i in self.all(kind)]}"
        return found[0]

    def has(self, kind: str) -> bool:
        return any(item["metadata"]["name"].find("llmtrace") >= 0 for item in self.all(kind))

    @property
    def pod(self) -> dict:
        return self.one("Deployment")["spec"]["template"]["spec"]

    @property
    def proxy(self) -> dict:
        return next(container for container in self.pod["containers"] if container["name"] == "proxy")

    @property
    def env(self) -> dict:
        return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in self.proxy["env"]}

    @property
    def config_text(self) -> str:
        return self.one("ConfigMap", "llmtrace-config")["data"]["llmtrace.yaml"]

    @property
    def config(self) -> dict:
        return yaml.safe_load(self.config_text)

    def secret(self, name: str = "llmtrace") -> dict:
        """The texts in a Secret."""
        data = self.one("Secret", name).get("data") or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def value_of(self, variable: str) -> str | None:
        """What a variable of the proxy's environment would be, looked up like a kubelet does."""
        source = self.env.get(variable)
        if source is None or isinstance(source, str):
            return source
        ref = source["secretKeyRef"]
        data = self.secret(ref["name"])
        return data.get(ref["key"]) if ref.get("optional") else data[ref["key"]]


@dataclass
class Helm:
    """One of the two helms, the chart, and where it is run."""

    name: str
    chart: Path
    home: Path
    env: dict = field(default_factory=dict)

    def run(self, *args, check: bool = True, kubectl: bool = False, cwd: Path | None = None) -> str:
        env = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        env |= {"HELM_CACHE_HOME": str(self.home), "HELM_CONFIG_HOME": str(self.home)} | self.env
        command = [program(self.name, "kubectl" if kubectl else "helm"), *map(str, args)]
        done = subprocess.run(
            command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def kubectl(self, *args) -> str:
        return self.run(*args, kubectl=True)

    def template(self, *args, release: str = "llmtrace", namespace: str = "llmtrace", values: dict | None = None) -> Objects:
        return Objects.parse(self.template_text(*args, release=release, namespace=namespace, values=values))

    def template_text(self, *args, release="llmtrace", namespace="llmtrace", values: dict | None = None) -> str:
        extra = []
        if values is not None:
            path = self.home / "values.json"
            path.write_text(json.dumps(values))
            extra = ["-f", path]
        return self.run("template", release, self.chart, "--namespace", namespace, *extra, *args)

    def refusal(self, *args, **named) -> str:
        """The sentence with which rendering is refused."""
        try:
            self.template(*args, **named)
        except Failed as refused:
            return str(refused)
        raise AssertionError(f"rendered with {args} {named}")

    def file(self, name: str) -> list:
        return ["-f", self.chart / f"values-{name}.yaml"]


def proxy_binary() -> Path | None:
    """The proxy, where it has been built."""
    own = os.environ.get("LLMTRACE_BIN_DIR")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folders = [Path(own)] if own else [target / "debug", target / "release"]
    return next((folder / "llmtrace-proxy" for folder in folders if (folder / "llmtrace-proxy").exists()), None)


def check_config(objects: Objects, folder: Path) -> subprocess.CompletedProcess:
    """`llmtrace-proxy check` on the rendered configuration, with the environment of the rendered pod."""
    binary = proxy_binary()
    assert binary is not None, "the proxy is not built: run `cargo build -p llmtrace-server`, or set LLMTRACE_BIN_DIR"
    path = folder / "llmtrace.yaml"
    path.write_text(objects.config_text)
    env = {}
    for name, source in objects.env.items():
        if isinstance(source, dict) and source["secretKeyRef"].get("optional"):
            continue
        if isinstance(source, dict) and source["secretKeyRef"]["name"] not in [s["metadata"]["name"] for s in objects.all("Secret")]:
            env[name] = {"LLMTRACE_CLICKHOUSE_URL": "http://h:8123", "LLMTRACE_POSTGRES_URL": "postgres://h/d"}.get(name, "redis://h")
            continue
        env[name] = objects.value_of(name)
    env["LLMTRACE_CONFIG"] = str(path)
    return subprocess.run([binary, "check"], env=env, capture_output=True, text=True, timeout=30)
