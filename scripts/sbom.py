#!/usr/bin/env python3
"""Writes what a program of this workspace is made of, as a CycloneDX 1.6 document: its crates, and the packages of the dashboard it embeds.

    scripts/sbom.py --crate llmtrace-server >sbom.cdx.json

Crates: those that `cargo metadata` resolves for the target, by normal dependencies alone (what builds the program or tests it is not in
it), with the checksums of Cargo.lock. Packages: those of web/package-lock.json that are not for development. The same inputs give the
same bytes. Needs Python 3.11 and cargo, and no package.
"""

import argparse
import base64
import json
import subprocess
import tomllib
import urllib.parse
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def metadata(target: str) -> dict:
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def host() -> str:
    said = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.split()[1] for line in said.splitlines() if line.startswith("host:"))


def licence(text: str | None) -> list[dict]:
    # Old crates write "MIT/Apache-2.0", which is no expression of SPDX.
    return [{"expression": text.replace("/", " OR ")}] if text else []


def crates(name: str, target: str) -> tuple[dict, list[dict], dict[str, list[str]]]:
    """The crate itself, every crate in it, and who depends on whom."""
    said = metadata(target)
    packages = {package["id"]: package for package in said["packages"]}
    nodes = {node["id"]: node for node in said["resolve"]["nodes"]}
    sums = {
        (package["name"], package["version"]): package["checksum"]
        for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
        if "checksum" in package
    }
    ref = lambda id: f"pkg:cargo/{packages[id]['name']}@{packages[id]['version']}"
    root = next(id for id, package in packages.items() if package["name"] == name and package["source"] is None)
    seen, open_, edges = set(), [root], {}
    while open_:
        id = open_.pop()
        if id in seen:
            continue
        seen.add(id)
        needs = [dep["pkg"] for dep in nodes[id]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        edges[ref(id)] = sorted(set(map(ref, needs)))
        open_ += needs
    found = []
    for id in seen:
        package = packages[id]
        component = {"type": "library", "bom-ref": ref(id), "name": package["name"], "version": package["version"]}
        component["licenses"] = licence(package["license"])
        if package["source"] == REGISTRY:
            component["purl"] = ref(id)
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        found.append(component | ({"type": "application"} if id == root else {}))
    own = next(component for component in found if component["bom-ref"] == ref(root))
    return own, [component for component in found if component is not own], edges


def packages() -> tuple[list[dict], dict[str, list[str]]]:
    """What the dashboard is bundled from."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    shipped = {path: at for path, at in lock.items() if path and not at.get("dev") and not at.get("link")}
    name = lambda path: path.rpartition("node_modules/")[2]
    ref = lambda path: f"pkg:npm/{urllib.parse.quote(name(path), safe='/')}@{lock[path]['version']}"

    def resolve(path: str, wanted: str) -> str | None:
        """Node's rule: the nearest folder that has it."""
        at = path
        while True:
            candidate = f"{at}/node_modules/{wanted}" if at else f"node_modules/{wanted}"
            if candidate in shipped:
                return candidate
            if not at:
                return None
            at = at.rpartition("/node_modules/")[0] if "/node_modules/" in at else ""

    found, edges = {}, {}
    for path, at in shipped.items():
        component = {"type": "library", "bom-ref": ref(path), "name": name(path), "version": at["version"], "purl": ref(path)}
        component["licenses"] = licence(at.get("license"))
        algorithm, _, digest = at.get("integrity", "").partition("-")
        if algorithm == "sha512":
            component["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
        found[ref(path)] = component
        needs = (resolve(path, wanted) for wanted in at.get("dependencies", {}))
        edges[ref(path)] = sorted({ref(needed) for needed in needs if needed})
    direct = (resolve("", wanted) for wanted in lock[""].get("dependencies", {}))
    return list(found.values()), edges | {"": sorted({ref(path) for path in direct if path})}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crate", default="llmtrace-server")
    parser.add_argument("--target", help="the platform of the program (default: this one)")
    options = parser.parse_args()
    own, components, edges = crates(options.crate, options.target or host())
    bundled, bundled_edges = packages()
    edges[own["bom-ref"]] = sorted(edges[own["bom-ref"]] + bundled_edges.pop(""))
    edges |= bundled_edges
    components = sorted(components + bundled, key=lambda component: component["bom-ref"])
    content = {
        "metadata": {"component": own},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": needs} for ref, needs in sorted(edges.items())],
    }
    # Named after what it says, so that the same sources have the same document.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    print(json.dumps(head | content, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
