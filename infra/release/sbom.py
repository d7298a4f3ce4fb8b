"""What is in an image, in CycloneDX: its Python packages, Debian's below them, and Python itself.

Python packages are described by cyclonedx-bom from their own metadata, licences and who needs whom
included. Debian's are named as the image's dpkg knows them, by the package URLs that scanners look
vulnerabilities up by. No time and no number of its own is in it: one image, one list.
"""

import json
import re
import subprocess
import sys
import tarfile
from contextlib import suppress
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL

from infra.registry.engine import Docker
from infra.registry.push import Image
from infra.scratch import scratch
from movierec.errors import BadInput, Unavailable
from movierec.files import write_text

SCHEMA = SchemaVersion.V1_6
PACKAGES = re.compile(r"venv/lib/python3[^/]*/site-packages/([^/]+\.dist-info/[^/]+)")
LABEL = "movierec.sbom"
"""What the containers have that an image is looked into by."""
DPKG, RELEASE, PYTHON = "var/lib/dpkg/status", "usr/lib/os-release", "venv/pyvenv.cfg"


def write_sbom(image: Image, path: Path) -> None:
    """Write what is in an image, of Docker's engine, to a file of JSON."""
    from cyclonedx.validation.json import (
        JsonStrictValidator,
    )  # 1.6 s, for the grammars of its formats

    with scratch("sbom") as folder:
        found = python_packages(take_out(image, folder), folder)
        found["components"] = sorted(
            [*found.get("components", []), *below(folder)], key=lambda part: part["bom-ref"]
        )
    found["metadata"] |= {"component": described(image)}
    text = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if wrong := JsonStrictValidator(SCHEMA).validate_str(text):
        raise BadInput(f"{image.name}: what is in it cannot be told in CycloneDX: {wrong}")
    write_text(path, text)


def take_out(image: Image, folder: Path) -> Path:
    """Bring what describes an image's packages to `folder`; where Python's are then."""
    sweep()
    labelled = (f"--label={LABEL}", image.identity)
    container = Docker().run("create", *labelled, about=f"{image.name}: docker create")
    try:
        packed = folder / "image.tar"
        Docker().run("export", "--output", str(packed), container, about=f"{image.name}: docker")
    finally:
        Docker().run("rm", container, about=f"{image.name}: docker rm")
    packages = folder / "packages"
    packages.mkdir()
    with tarfile.open(packed) as archive:
        for member in archive:
            match = PACKAGES.fullmatch(member.name)
            if member.isreg() and (match or member.name in (DPKG, RELEASE, PYTHON)):
                place = packages / match[1] if match else folder / Path(member.name).name
                place.parent.mkdir(exist_ok=True)
                content = archive.extractfile(member)
                place.write_bytes(content.read() if content else b"")
    packed.unlink()
    return packages


def sweep(age: str = "1h") -> None:
    """Take away the containers of runs that were killed, once they are as old as that: no younger
    one, which may be of somebody who describes an image just now."""
    filters = (f"--filter=label={LABEL}", f"--filter=until={age}")
    with suppress(Unavailable):  # while somebody else sweeps, too: the next run does it
        Docker().run("container", "prune", "--force", *filters, about="docker container prune")


def python_packages(packages: Path, folder: Path) -> dict[str, Any]:
    """What cyclonedx-bom says of the packages in a folder."""
    # It asks an interpreter where to look: this one names the folder, whatever Python it runs on.
    asked = folder / "interpreter"
    asked.write_text(f"#!/bin/sh\nprintf '%s' '{json.dumps([str(packages)])}'\n")
    asked.chmod(0o755)
    command = [sys.executable, "-m", "cyclonedx_py", "environment"]
    options = ["--output-reproducible", "--no-validate", "--spec-version", SCHEMA.to_version()]
    done = subprocess.run([*command, *options, str(asked)], capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"cyclonedx-py failed: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def below(folder: Path) -> list[dict[str, Any]]:
    """Debian's packages and Python, which the others lie upon."""
    release = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', read(folder, RELEASE), re.M))
    distribution = f"{release.get('ID')}-{release.get('VERSION_ID')}"
    found = []
    for paragraph in read(folder, DPKG).strip().split("\n\n"):
        package = HeaderParser().parsestr(paragraph)
        if not str(package["Status"]).endswith(" installed"):
            continue
        more = {"arch": str(package["Architecture"]), "distro": distribution}
        found.append(part("deb", "debian", str(package["Package"]), str(package["Version"]), more))
    python = re.search(r"^version = (\S+)$", read(folder, PYTHON), re.M)
    return [*found, part("generic", "", "python", python[1], {})] if python else found


def read(folder: Path, name: str) -> str:
    """A file that was taken out of the image; empty when it has none of that name."""
    path = folder / Path(name).name
    return path.read_text() if path.exists() else ""


def part(kind: str, space: str, name: str, version: str, more: dict[str, str]) -> dict[str, Any]:
    """A component of CycloneDX."""
    url = PackageURL(kind, space, name, version, more).to_string()
    own = {"type": "library", "name": name, "version": version}
    return {**own, "bom-ref": url, "purl": url}


def described(image: Image) -> dict[str, Any]:
    """The image itself, with what its labels say."""
    name, _, version = image.name.partition(":")
    labels = image.config["config"].get("Labels") or {}
    said = [{"name": key, "value": value} for key, value in sorted(labels.items())]
    own = {"type": "container", "name": name, "version": version, "bom-ref": image.name}
    return {**own, "properties": said}
