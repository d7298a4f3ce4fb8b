"""Write rendered.yaml: what infra/kubernetes describes, as one file.

    python -m infra.kubernetes.render

Made by `kubectl kustomize`, which not every machine has. The file is for `kubectl apply -f`, for
reviews, and for the tests of what it promises; it knows by a digest what it was rendered from.
"""

import argparse
import hashlib
from pathlib import Path

from infra.kubernetes.cluster import Cluster
from movierec.cli import run
from movierec.files import write_text

FOLDER = Path(__file__).parent
RENDERED = FOLDER / "rendered.yaml"
APART = ("trial", "watch")
"""Folders that are applied by themselves."""
HEAD = "# Rendered by `python -m infra.kubernetes.render` from what has the digest {}.\n"


def main(arguments: list[str]) -> int:
    """Render anew."""
    parser = argparse.ArgumentParser(prog="render", description=(__doc__ or "").split("\n")[0])
    parser.parse_args(arguments)
    write_text(RENDERED, render())
    return 0


def render() -> str:
    """The file's text."""
    return HEAD.format(digest()) + Cluster("default").kubectl("kustomize", str(FOLDER))


def digest(folder: Path = FOLDER) -> str:
    """SHA-256 of the kustomization's files and their names; what is applied apart aside."""
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if str(name) == RENDERED.name or name.parts[0] in APART:
            continue
        if path.suffix in (".yaml", ".json"):
            hashed.update(f"{name}\n{len(path.read_bytes())}\n".encode() + path.read_bytes())
    return hashed.hexdigest()


if __name__ == "__main__":
    run(main)
