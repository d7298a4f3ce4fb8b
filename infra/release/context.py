"""What an image is built from: code and model of a tag, in a folder that holds nothing else."""

import io
import os
import re
import tarfile
from pathlib import Path
from typing import Protocol

from infra.release.package import data_hash_of, fetch, locked_model
from infra.release.tag import Tag
from infra.repository import attempt
from movierec.errors import BadInput

DOCKERFILE = "infra/docker/serve.Dockerfile"
EPOCH = 315_532_800
"""1980-01-01, the first day that every archive can hold: the time of all files, so that one content
is one layer. The Dockerfile says it, too."""
COPIED = re.compile(r"^COPY (?!--from)(.+) \S+$", re.MULTILINE)
MODEL = "models/${MODEL}"
"""What a Dockerfile calls the model that it copies."""


class Source(Protocol):
    """A commit, and how messages call what is made of it."""

    @property
    def name(self) -> str: ...
    @property
    def commit(self) -> str: ...


def make_context(repository: Path, tag: Tag, folder: Path) -> str:
    """Fill `folder`, which is empty, with what the tag's Dockerfile copies; the hash of the data
    that its model was trained on.

    Raises BadInput, Unavailable or CorruptFile, with the remedy, when the tag is no release.
    """
    locked = locked_model(repository, tag)
    extract(repository, tag, code_of(repository, tag), folder)
    model = folder / "models" / tag.kind
    fetch(repository, tag, locked, model)
    data_hash = data_hash_of(tag, model, folder)
    settle(folder)
    return data_hash


def code_of(repository: Path, source: Source, dockerfile: str = DOCKERFILE) -> list[str]:
    """Which files the Dockerfile of a commit copies, the model aside, and itself."""
    shown = attempt(repository, "show", f"{source.commit}:{dockerfile}")
    if shown.returncode:
        raise BadInput(f"{source.name}: no {dockerfile} in it; take a commit of this project")
    lines: list[str] = COPIED.findall(shown.stdout.decode())
    copied = [name for line in lines for name in line.split() if name != MODEL]
    return [dockerfile, *(f":(glob){name}" if "*" in name else name for name in copied)]


def extract(repository: Path, source: Source, names: list[str], folder: Path) -> None:
    """Bring files of a commit to `folder`."""
    done = attempt(repository, "archive", "--format=tar", source.commit, "--", *names)
    if done.returncode:
        said = done.stderr.decode().strip()
        raise BadInput(f"{source.name}: {said}; take a commit that has it")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        # Python 3.11 has filters from 3.11.4 on; before, what is set here is not looked at.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)


def settle(folder: Path) -> None:
    """Give everything in `folder` one time and the rights of its type, whoever unpacked it."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))
