"""A release's name: the git tag that the registry of models (GTO, which DVC brings) knows it by."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.repository import attempt, git
from movierec.errors import BadInput
from movierec.models.kinds import KINDS

NUMBER = r"(?:0|[1-9][0-9]*)"
NAME = re.compile(rf"({'|'.join(KINDS)})@(v{NUMBER}\.{NUMBER}\.{NUMBER})")


@dataclass(frozen=True)
class Tag:
    """A tag of a repository, and what it stands for."""

    name: str
    """Such as `svd@v1.4.0`."""
    kind: str
    version: str
    commit: str
    """Its full name: nothing that is asked for by it can be something else."""
    committed: datetime

    @property
    def image(self) -> str:
        """The name of its image: Docker's tags hold no `@`."""
        return f"movierec:{self.kind}-{self.version}"


def resolve(repository: Path, name: str) -> Tag:
    """The tag `name` of a repository, which may be bare.

    Raises BadInput when that is no name of a version, no repository, or has no such tag or one
    that was taken back.
    """
    tag = resolve_any(repository, name)
    if is_taken_back(repository, name):
        raise BadInput(f"{repository}: {name} was taken back by the tag {name}!; take another")
    return tag


def is_taken_back(repository: Path, name: str) -> bool:
    """Whether a release is one no more, by GTO's tag `svd@v1.4.0!`."""
    return bool(git(repository, "for-each-ref", f"refs/tags/{name}!*"))


def resolve_any(repository: Path, name: str) -> Tag:
    """As `resolve`, also of a tag that was taken back: what it answered before, it answered."""
    if not (match := NAME.fullmatch(name)):
        kinds = " or ".join(KINDS)
        raise BadInput(f"{name!r} is no release: expected {kinds}, and a version: svd@v1.4.0")
    check_repository(repository)
    kind, version = match.groups()
    # By its full name: a branch, too, may be called like it.
    found = attempt(repository, "rev-parse", "--quiet", "--verify", f"refs/tags/{name}^{{commit}}")
    if found.returncode:
        raise BadInput(
            f"{repository}: no tag {name} of a commit; `git fetch --tags` gets those of its origin,"
            f" `git tag --list '{kind}@*'` lists them"
        )
    commit = found.stdout.decode().strip()
    seconds = int(git(repository, "show", "--no-patch", "--format=%ct", commit))
    return Tag(name, kind, version, commit, datetime.fromtimestamp(seconds, UTC))


def check_repository(folder: Path) -> None:
    """Raises BadInput when a folder is not itself a repository: git would take the one around."""
    asked = attempt(folder, "rev-parse", "--absolute-git-dir") if folder.is_dir() else None
    if asked is not None and not asked.returncode:
        place = Path(asked.stdout.decode().rstrip("\n"))
        top = attempt(folder, "rev-parse", "--show-toplevel")  # fails in a bare one
        around = place if top.returncode else Path(top.stdout.decode().rstrip("\n"))
        if around.resolve() == folder.resolve():
            return
    raise BadInput(f"{folder}: not the top of a git repository; name one by --repo")
