"""What an origin and its DVC remote hold, read without the programs that are tried."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from infra.release.tag import NAME
from infra.repository import git
from movierec.yamlfile import parse_yaml


@dataclass(frozen=True)
class State:
    """All that a release leaves behind it."""

    refs: dict[str, str]
    """Of the origin: name → what it stands for."""
    here: dict[str, str]
    """Of the repository that released: the same."""
    objects: frozenset[str]
    """Of the DVC remote: their names, below its folder."""


def state_of(work: Path, origin: Path, store: Path, by_content: bool = False) -> State:
    """`by_content`: commits by their trees, tags by their messages, as where clocks differ."""
    objects = frozenset(str(p.relative_to(store)) for p in files_of(store))
    return State(refs_of(origin, by_content), refs_of(work, by_content), objects)


def refs_of(repository: Path, by_content: bool = False) -> dict[str, str]:
    """Branches and tags of a repository; a bare one's, or those of a clone."""
    said = "%(objectname)"
    if by_content:
        said = "%(if:equals=tag)%(objecttype)%(then)%(contents)%(else)%(tree)%(end)"
    listed = git(
        repository, "for-each-ref", f"--format=%(refname)%00{said}%01", "refs/heads", "refs/tags"
    )
    lines = filter(None, (line.strip("\n") for line in listed.split("\x01")))
    return dict(line.split("\0", 1) for line in lines)


def files_of(store: Path) -> list[Path]:
    """The objects of a DVC remote or cache. What was begun under another name (`.….tmp`) when DVC
    was killed, nobody reads."""
    return sorted(p for p in (store / "files/md5").rglob("[!.]*") if p.is_file())


def releases_of(origin: Path) -> list[str]:
    """The tags there that are releases."""
    return [name for name in git(origin, "tag", "--list").split() if NAME.fullmatch(name)]


def without_data(origin: Path, store: Path) -> list[str]:
    """The releases that name an object which is not on the remote with its content."""
    return [
        tag
        for tag in releases_of(origin)
        if not all(is_whole(store, md5) for md5 in objects_of(origin, store, tag))
    ]


def is_whole(store: Path, md5: str) -> bool:
    """Whether an object is there with its content."""
    path = place_of(store, md5)
    return path.is_file() and md5_of(path) == md5.removesuffix(".dir")


def place_of(store: Path, md5: str) -> Path:
    """The file of an object."""
    return store / "files/md5" / md5[:2] / md5[2:]


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def objects_of(origin: Path, store: Path, ref: str) -> list[str]:
    """All that the dvc.lock of a tag or a branch names; files of folders as far as their list can
    be read."""
    lock = parse_yaml(git(origin, "show", f"{ref}:dvc.lock").encode(), Path("dvc.lock"), "see git")
    outs = [out for stage in lock["stages"].values() for out in stage.get("outs", [])]
    found = [out["md5"] for out in outs if not out["path"].startswith(("metrics/", "reports/"))]
    for md5 in [md5 for md5 in found if md5.endswith(".dir")]:
        if is_whole(store, md5):
            found += [entry["md5"] for entry in json.loads(place_of(store, md5).read_text())]
    return found
