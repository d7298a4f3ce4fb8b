"""What a dvc.lock says: which outputs DVC keeps, what a model was made of; whether git agrees."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.release.documents import yaml_at
from infra.release.package import md5_of_listing
from infra.release.planned import planned
from infra.repository import attempt, git
from movierec.errors import BadInput

LOCK = "dvc.lock"
DATA = "data/"
"""Where what comes with a day stands; what else a stage reads is code."""


@dataclass(frozen=True)
class Pipeline:
    """A dvc.lock beside the files of the commit, or the tree, that it stands in."""

    name: str
    """Of that commit, for messages."""
    stages: Mapping[str, Mapping[str, Any]]
    """Those that dvc.yaml has there: the lock keeps the days that left the window, too."""
    files: frozenset[str]
    """What git holds there."""

    @classmethod
    def read(cls, repository: Path, treeish: str, name: str) -> "Pipeline":
        """That of a commit or a tree. Raises BadInput when it has none."""
        remedy = "run `dvc repro` and release what it made"
        document = yaml_at(repository, treeish, name, LOCK, remedy)
        names = planned(repository, treeish, name)
        stages = {n: stage for n, stage in (document.get("stages") or {}).items() if n in names}
        listed = git(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", treeish)
        return cls(name, stages, frozenset(filter(None, listed.split("\0"))))

    def outs(self) -> dict[str, str]:
        """path → what DVC calls the content, of every output."""
        return {
            o["path"]: str(o.get("md5")) for s in self.stages.values() for o in s.get("outs", [])
        }

    def kept(self) -> dict[str, str]:
        """The outputs that travel by DVC: those that git does not hold."""
        return {path: md5 for path, md5 in self.outs().items() if path not in self.files}

    def deps(self) -> Iterator[tuple[str, str, str]]:
        """Stage, path and content of everything that a stage read."""
        for name, stage in self.stages.items():
            for dep in stage.get("deps", []):
                yield name, dep["path"], str(dep.get("md5"))

    def holds(self, path: str) -> bool:
        """Whether git holds a file or a folder."""
        return path in self.files or any(file.startswith(f"{path}/") for file in self.files)

    def brought(self) -> list[str]:
        """Stages that read what neither git nor another stage has: the closed days."""
        made = self.outs()
        return sorted(
            {s for s, path, _ in self.deps() if not (self.holds(path) or _made(path, made))}
        )

    def upstream(self, out: str) -> set[str]:
        """The stages that an output comes of, the one that makes it among them."""
        makers = {o["path"]: name for name, s in self.stages.items() for o in s.get("outs", [])}
        found: set[str] = set()
        waiting = [makers[out]] if out in makers else []
        while waiting:
            stage = waiting.pop()
            if stage not in found:
                found.add(stage)
                read = [path for name, path, _ in self.deps() if name == stage]
                waiting += [m for o, m in makers.items() if any(_overlap(o, path) for path in read)]
        return found

    def params_of(self, stages: set[str]) -> dict[str, dict[str, Any]]:
        """file → key → value, of what these stages were told, libraries among it."""
        told: dict[str, dict[str, Any]] = {}
        for name in sorted(stages):
            for file, values in self.stages[name].get("params", {}).items():
                told.setdefault(file, {}).update(values)
        return told

    def code_of(self, stages: set[str]) -> dict[str, str]:
        """path → content of the code that these stages ran."""
        made = self.outs()
        return {
            path: md5
            for name, path, md5 in self.deps()
            if name in stages and not path.startswith(DATA) and not _made(path, made)
        }


def check_committed(repository: Path, tree: str, pipeline: Pipeline) -> None:
    """Raises BadInput when what the lock says of a file is not what the tree holds.

    That is of code, of the window, and of outputs that are in git: metrics, the gate's verdict. And
    what one stage read must be what another made.
    """
    made = pipeline.outs()
    said = {path: md5 for _, path, md5 in pipeline.deps()} | made
    for stage, path, md5 in pipeline.deps():
        if said[path] != md5:
            raise BadInput(f"{LOCK}: {stage} read another {path} than others; run `dvc repro`")
        if not (pipeline.holds(path) or _made(path, made) or path.startswith(DATA)):
            raise BadInput(f"{path}: {stage} reads it and git does not have it; `git add {path}`")
    folders = {path for path in said if path not in pipeline.files and pipeline.holds(path)}
    inside = {f for f in pipeline.files if any(f.startswith(f"{folder}/") for folder in folders)}
    contents = _md5s(repository, tree, sorted({*(said.keys() & pipeline.files), *inside}))
    for folder in folders:
        contents[folder] = md5_of_listing(
            {f[len(folder) + 1 :]: contents[f] for f in inside if f.startswith(f"{folder}/")}
        )
    for path in sorted(said.keys() & contents.keys()):
        if contents[path] != said[path]:
            raise BadInput(
                f"{path}: {LOCK} says {said[path]}, the file is {contents[path]}; run `dvc repro`, "
                f"and release what it made"
            )


def _md5s(repository: Path, tree: str, paths: list[str]) -> dict[str, str]:
    """The MD5 of each file as a tree holds it."""
    asked = "".join(f"{tree}:{path}\n" for path in paths).encode()
    told = attempt(repository, "cat-file", "--batch", given=asked).stdout
    md5s, at = {}, 0
    for path in paths:
        start = told.index(b"\n", at) + 1
        end = start + int(told[at:start].split()[2])
        md5s[path] = hashlib.md5(told[start:end], usedforsecurity=False).hexdigest()
        at = end + 1
    return md5s


def _made(path: str, outs: Mapping[str, str]) -> bool:
    """Whether a stage makes a path, or something in it or around it."""
    return any(_overlap(path, out) for out in outs)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
