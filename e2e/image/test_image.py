"""What is in the image, and what it says of itself."""

import json
import re
import tarfile
import tomllib
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from conftest import IMAGE, tool

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
MIB = 1 << 20
# gcr.io/distroless/cc-debian12 compressed, which is not to be had where this runs on a stand-in; its own figure was 10 MiB in 2025.
BASE = 12 * MIB


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tarfile.TarFile:
    """The root of a container."""
    made = tool("podman", "create", IMAGE).strip()
    archive = tmp_path_factory.mktemp("image") / "root.tar"
    tool("podman", "export", "--output", str(archive), made)
    tool("podman", "rm", made)
    with tarfile.open(archive) as opened:
        yield opened


def test_it_is_at_most_40_mb_compressed(tmp_path, image):
    tool("buildah", "push", "--quiet", "--compression-format", "gzip", "--format", "oci", IMAGE, f"oci:{tmp_path}/oci")
    index = json.loads((tmp_path / "oci" / "index.json").read_text())
    blob = lambda digest: tmp_path / "oci" / "blobs" / digest.replace(":", "/")
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    base, *ours = (layer["size"] for layer in manifest["layers"])
    print(f"base {base / MIB:.1f} MiB, ours {sum(ours) / MIB:.1f} MiB")
    assert max(base, BASE) + sum(ours) <= 40 * MIB


def test_user_entry_volume_and_health_check(image):
    config = image["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/local/bin/llmtrace-proxy"] and not config.get("Cmd")
    assert list(config["Volumes"]) == ["/var/lib/llmtrace"]
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    health = image.get("HealthCheck") or image.get("Healthcheck") or config.get("Healthcheck")
    assert health["Test"] == ["CMD", "/usr/local/bin/llmtrace-proxy", "health"]
    assert not [word for word in config["Env"] if re.match("LLMTRACE_(?!CONFIG=)", word)], "variables would win over a mounted file"


def test_labels_are_those_of_oci(image):
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in image["Labels"].items()}
    assert {"title", "description", "source", "documentation", "licenses", "version", "revision", "created"} <= set(labels)
    assert labels["version"] == VERSION and labels["licenses"] == "MIT OR Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels["created"])


def test_there_is_no_shell_and_nothing_to_write_to(files):
    names = {member.name.removeprefix("./") for member in files}
    shells = {name for name in names if re.search(r"(^|/)(sh|bash|dash|busybox|apt|apt-get|dpkg|python3?|perl)$", name)}
    assert not shells
    own = [m for m in files if (m.uid, m.gid) == (10001, 10001)]
    assert [m.name.removeprefix("./").rstrip("/") for m in own] == ["var/lib/llmtrace"]
    assert not [m.name for m in files if m.isfile() and m.mode & 0o6000], "files that change who runs them"


def test_the_bill_of_materials_is_cyclonedx_and_names_what_ships(files):
    text = files.extractfile(files.getmember("usr/share/doc/llmtrace-proxy/sbom.cdx.json")).read().decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["version"] == VERSION
    names = {component["name"] for component in bill["components"]}
    assert {"hyper", "rustls", "libsqlite3-sys", "llmtrace-model", "react", "uplot"} <= names
    assert not {"proptest", "llmtrace-testkit", "vite", "vitest"} & names, "what only builds or tests it"
    known = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {ref for at in bill["dependencies"] for ref in (at["ref"], *at["dependsOn"])} == known


def test_the_program_is_the_version_of_the_label():
    assert tool("podman", "run", "--rm", "--network", "host", IMAGE, "--version") == f"llmtrace-proxy {VERSION}\n"
