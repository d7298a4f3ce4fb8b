"""The repository that releases are pushed to: what it has, and how it gets all or nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.release.tag import NAME
from infra.repository import attempt, git
from movierec.errors import BadInput, Unavailable, UserError
from movierec.models.kinds import KINDS

STAGED = re.compile(rf"({'|'.join(KINDS)})#.+")
"""A tag that says where a release is in use, such as `svd#prod#3`."""


class Overtaken(UserError):
    """Somebody pushed first: take up what they did, train again where that changed, try again."""


@dataclass(frozen=True)
class Origin:
    """A remote of a repository, and the branch of it that releases go to."""

    repository: Path
    remote: str
    branch: str = ""
    """None of it where tags alone are moved."""

    @property
    def head(self) -> str:
        return f"refs/heads/{self.branch}"

    def refs(self) -> dict[str, str]:
        """name → object, as they are there now."""
        told = git(self.repository, "ls-remote", "--quiet", self.remote)
        lines = (line.split("\t") for line in told.splitlines())
        return {name: object_ for object_, name in lines if not name.endswith("^{}")}

    def fetch(self) -> dict[str, str]:
        """Bring its branch, its releases and what says where they are in use here; what it has.

        Raises BadInput when a tag of that name is another here, or is nowhere but here.
        """
        refs = self.refs()
        names = [f"refs/tags/{kind}{mark}*" for kind in KINDS for mark in "@#"]
        wanted = [f"{name}:{name}" for name in names]
        if self.head in refs:
            wanted.append(f"+{self.head}:refs/remotes/{self.remote}/{self.branch}")
        done = attempt(self.repository, "fetch", "--quiet", "--no-tags", self.remote, *wanted)
        if done.returncode:
            raise BadInput(f"git fetch {self.remote}: {done.stderr.decode(errors='replace')}")
        for name in git(self.repository, "tag", "--list").split():
            if f"refs/tags/{name}" in refs:
                continue
            only_here = f"{name} is a tag here and not in {self.remote}: `git tag --delete {name}`,"
            if NAME.fullmatch(name):
                raise BadInput(f"{only_here} and release by this program, which proves its data")
            if STAGED.fullmatch(name):
                raise BadInput(f"{only_here} and promote by this program, which pushes it")
        return refs

    def fetch_if_any(self) -> None:
        """As `fetch`, in a repository that has such a remote; one without has all its tags."""
        if self.remote in git(self.repository, "remote").split():
            self.fetch()

    def push(self, commit: str, tags: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Have it take a commit as its branch, and tags (name → object): all of it, or nothing.

        Raises Overtaken when it is no longer as `known` says, Unavailable when it does not take
        them for another reason.
        """
        wanted = {self.head: commit} | {f"refs/tags/{name}": tag for name, tag in tags.items()}
        self._send(wanted, known, overtaken(self))

    def place(self, name: str, tag: str, known: Mapping[str, str]) -> None:
        """Have it take one tag, of a name that it does not have; raises as `push` does."""
        told = f"{self.remote} has another {name} by now: somebody was first; run this again"
        self._send({f"refs/tags/{name}": tag}, known, told)

    def note(self, ref: str, object_: str, known: Mapping[str, str]) -> None:
        """Have it take one ref that is neither branch nor tag; raises as `push` does."""
        told = f"{self.remote} has another {ref} by now: somebody was first; run this again"
        self._send({ref: object_}, known, told)

    def _send(self, wanted: Mapping[str, str], known: Mapping[str, str], first: str) -> None:
        """Push refs (name → object), all or nothing; `first` is said when somebody was."""
        specs = [f"{object_}:{name}" for name, object_ in wanted.items()]
        done = attempt(self.repository, "push", "--quiet", "--atomic", self.remote, *specs)
        if not done.returncode:
            return
        said = done.stderr.decode(errors="replace")
        now = self.refs()
        if all(now.get(name) == object_ for name, object_ in wanted.items()):
            return  # it was taken, and only the answer was lost
        if any(now.get(name) != known.get(name) for name in wanted):
            raise Overtaken(f"{first} ({said})")
        raise Unavailable(f"{self.remote} does not take the release, and has nothing of it: {said}")


def overtaken(origin: Origin) -> str:
    """What to do when somebody pushed first."""
    return (
        f"{origin.remote}/{origin.branch} has what is not here: somebody was first, and "
        f"nothing was released; `git stash`, `git pull --rebase`, then window, `dvc repro` and this"
    )
