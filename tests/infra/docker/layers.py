"""The layers of an image as `docker save` writes them, for comparison."""

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any


def layers(image: str, folder: Path) -> list[dict[str, dict[str, Any]]]:
    """Of each layer, lowest first: path → type, rights, owner, link, time and SHA-256."""
    saved = folder / f"{image.replace(':', '-').replace('/', '-')}.tar"
    subprocess.run(["docker", "save", image, "--output", str(saved)], check=True)
    with tarfile.open(saved) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        [described] = json.load(manifest)
        found = []
        for name in described["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                found.append({member.name: entry(layer, member) for member in layer})
    saved.unlink()
    return found


def entry(layer: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    content = layer.extractfile(member) if member.isreg() else None
    return {
        "type": member.type,
        "mode": member.mode,
        "owner": (member.uid, member.gid, member.uname, member.gname),
        "link": member.linkname,
        "time": member.mtime,
        "sha256": hashlib.sha256(content.read()).hexdigest() if content else None,
    }
