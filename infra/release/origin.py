"""The repository that releases are pushed to: what it has, and how it gets all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.release.tag import NAME
from infra.repository import attempt, git
from movierec.errors import BadInput, Unavailable, UserError
from movierec.models.kinds import KINDS


class Overtaken(UserError):
    """Somebody pushed first: take up what they did, train again where that changed, try again."""


@dataclass(frozen=True)
class Origin:
    """A remote of a repository, and the branch of it that releases go to."""

    repository: Path
    remote: str
    branch: str

    @property
    def head(self) -> str:
        return f"refs/heads/{self.branch}"

    def refs(self) -> dict[str, str]:
        """name → object, as they are there now."""
        told = git(self.repository, "ls-remote", "--quiet", self.remote)
        lines = (line.split("\t") for line in told.splitlines())
        return {name: object_ for object_, name in lines if not name.endswith("^{}")}

    def fetch(self) -> dict[str, str]:
        """Bring its branch and releases here; what it has.

        Raises BadInput when a release of that name is another here, or is nowhere but here.
        """
        refs = self.refs()
        wanted = [f"refs/tags/{kind}@*:refs/tags/{kind}@*" for kind in KINDS]
        if self.head in refs:
            wanted.append(f"+{self.head}:refs/remotes/{self.remote}/{self.branch}")
        done = attempt(self.repository, "fetch", "--quiet", "--no-tags", self.remote, *wanted)
        if done.returncode:
            raise BadInput(f"git fetch {self.remote}: {done.stderr.decode(errors='replace')}")
        for name in git(self.repository, "tag", "--list").split():
            if NAME.fullmatch(name) and f"refs/tags/{name}" not in refs:
                raise BadInput(
                    f"{name} is a tag here and not in {self.remote}: `git tag --delete {name}`, "
                    f"and release by this program, which proves its data first"
                )
        return refs

    def push(self, commit: str, tags: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Have it take a commit as its branch, and tags (name → object): all of it, or nothing.

        Raises Overtaken when it is no longer as `known` says, Unavailable when it does not take
        them for another reason.
        """
        wanted = {self.head: commit} | {f"refs/tags/{name}": tag for name, tag in tags.items()}
        specs = [f"{object_}:{name}" for name, object_ in wanted.items()]
        done = attempt(self.repository, "push", "--quiet", "--atomic", self.remote, *specs)
        if not done.returncode:
            return
        said = done.stderr.decode(errors="replace")
        now = self.refs()
        if all(now.get(name) == object_ for name, object_ in wanted.items()):
            return  # it was taken, and only the answer was lost
        if any(now.get(name) != known.get(name) for name in wanted):
            raise Overtaken(f"{overtaken(self)} ({said})")
        raise Unavailable(f"{self.remote} does not take the release, and has nothing of it: {said}")


def overtaken(origin: Origin) -> str:
    """What to do when somebody pushed first."""
    return (
        f"{origin.remote}/{origin.branch} has what is not here: somebody was first, and "
        f"nothing was released; `git stash`, `git pull --rebase`, then window, `dvc repro` and this"
    )
