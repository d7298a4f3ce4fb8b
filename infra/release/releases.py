"""The releases that a repository has, and what a new one would be called."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gto.versions import SemVer

from infra.release.objects import Objects
from infra.release.package import locked_model
from infra.release.pipeline import LOCK, Pipeline
from infra.release.tag import NAME, Tag, resolve, resolve_any
from infra.release.version import Made, manifest_of, next_version
from infra.repository import attempt, git
from movierec.errors import BadInput, CorruptFile, Unavailable
from movierec.yamlfile import parse_yaml


@dataclass(frozen=True)
class Candidate:
    """A trained model, and its release's name."""

    name: str
    kind: str
    new: bool
    """Whether no tag has it yet."""
    why: str
    """It has this number."""
    model: str
    """What DVC calls its folder."""
    manifest: dict[str, Any]


def candidate(
    repository: Path, tree: str, kind: str, pipeline: Pipeline, remote: Objects
) -> Candidate:
    """What the model of a kind, as a tree has it, is or will be released as."""
    out = path_of(repository, tree, kind)
    model = pipeline.kept().get(out)
    if model is None:
        raise BadInput(f"{LOCK}: no {out} among what DVC keeps; run `dvc repro`")
    manifest = manifest_of(remote, model)
    versions = versions_of(repository, kind)
    for tag in with_content(repository, versions, model):
        return Candidate(tag.name, kind, False, "", model, manifest)
    before = made_before(repository, live(repository, versions), remote)
    numbers = [name.split("@")[1] for name in versions]
    version, why = next_version(numbers, before, Made.read(pipeline, out, manifest))
    return Candidate(f"{kind}@{version}", kind, True, why, model, manifest)


def path_of(repository: Path, tree: str, kind: str) -> str:
    """Where dvc.yaml says that the model of a kind is. Raises BadInput when it does not."""
    text = git(repository, "show", f"{tree}:dvc.yaml").encode()
    artifacts = parse_yaml(text, Path("dvc.yaml"), "see git").get("artifacts") or {}
    if kind not in artifacts:
        raise BadInput(f"dvc.yaml: no `{kind}` among its `artifacts`")
    return str(artifacts[kind]["path"])


def versions_of(repository: Path, kind: str = "*") -> list[str]:
    """The names of releases, lowest number first; those that were taken back among them."""
    listed = git(repository, "tag", "--list", f"{kind}@*").split()
    names = [name for name in listed if NAME.fullmatch(name)]
    return sorted(names, key=lambda name: (name.split("@")[0], SemVer(name.split("@")[1])))


def live(repository: Path, names: list[str]) -> list[str]:
    """Those that were not taken back (GTO's tag `svd@v1.4.0!`)."""
    back = {name.split("!")[0] for name in git(repository, "tag", "--list", "*!*").split()}
    return [name for name in names if name not in back]


def count(refs: Mapping[str, str]) -> int:
    """How many releases are among these refs."""
    return sum(bool(NAME.fullmatch(name.removeprefix("refs/tags/"))) for name in refs)


def with_content(repository: Path, names: list[str], model: str) -> list[Tag]:
    """The releases whose model is the same to the byte; last those that were taken back."""
    found = []
    for name in mentioning(repository, names, model):
        tag = resolve_any(repository, name)
        if locked_model(repository, tag).md5 == model:
            found.append(tag)
    kept = live(repository, [tag.name for tag in found])
    return sorted(found, key=lambda tag: tag.name not in kept)


def mentioning(repository: Path, names: list[str], model: str) -> list[str]:
    """The tags whose dvc.lock has a text, found without reading each as YAML."""
    if not names:
        return []
    refs = [f"refs/tags/{name}" for name in names]
    found = attempt(repository, "grep", "-l", "-F", "-e", model, *refs, "--", LOCK)
    lines = found.stdout.decode().splitlines()
    return [line.removeprefix("refs/tags/").rsplit(":", 1)[0] for line in lines]


def made_before(repository: Path, names: list[str], remote: Objects) -> Made | None:
    """What the highest of these releases was made of; None when there is none."""
    if not names:
        return None
    tag = resolve(repository, names[-1])
    pipeline = Pipeline.read(repository, tag.commit, tag.name)
    locked = locked_model(repository, tag)
    try:
        manifest = manifest_of(remote, locked.md5)
    except (CorruptFile, Unavailable) as error:
        raise type(error)(f"{tag.name}, the release before: {error}") from None
    return Made.read(pipeline, locked.path, manifest)
