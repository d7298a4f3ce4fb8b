"""What is in production of each kind, what was before it, and what is not to come again.

By the tags `svd#prod#N` (stage.py). What was rolled back from is given up: neither gone back to nor
promoted again until somebody asks for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.release.origin import Origin
from infra.release.record import annotated
from infra.release.releases import live
from infra.release.stage import PROD, Move, moves_of, next_number, replay
from infra.release.tag import Tag
from infra.repository import git


@dataclass(frozen=True)
class Production:
    """What is in production of a kind, what was before it, and what is not to come again."""

    moves: list[Move]
    order: list[str]
    """Releases, each after the one that it took the place of; the last was put there last."""
    given_up: frozenset[str]
    """What was rolled back from or taken out, and not put there again since."""
    withdrawn: frozenset[str]
    """Releases that were themselves taken back (`svd@v1.4.0!`)."""

    @classmethod
    def read(cls, repository: Path, kind: str) -> "Production":
        """By the tags that a repository has; `Origin.fetch` brings the origin's."""
        moves = moves_of(repository, kind)
        order, given_up = replay(moves)
        back = set(order) - set(live(repository, order))
        return cls(moves, order, frozenset(given_up), frozenset(back))

    @property
    def release(self) -> str | None:
        """What is in production: the last that was put there and not taken back itself."""
        return self._newest(self.order)

    @property
    def before(self) -> str | None:
        """What a rollback puts there: what the last one took the place of."""
        return self._newest(self.order[:-1])

    @property
    def move(self) -> Move | None:
        """The tag by which `release` is in production."""
        moves = (m for m in reversed(self.moves) if m.release == self.release and not m.out)
        return next(moves, None)

    @property
    def back_from(self) -> str | None:
        """What was rolled back from to `release`; None when it was promoted."""
        return self.move.instead_of if self.move else None

    def bad_as(self, name: str) -> str | None:
        """What was rolled back from by a verdict, if a release is the same but for data, by its
        number, and what is in production since is not; else None."""
        bad = self.back_from if self.move and self.move.because else None
        line = name.rpartition(".")[0]
        if bad is None or self.release is None or bad.rpartition(".")[0] != line:
            return None
        return None if self.release.rpartition(".")[0] == line else bad

    def _newest(self, order: list[str]) -> str | None:
        return next((name for name in reversed(order) if name not in self.withdrawn), None)


def in_production(repository: Path, kind: str) -> str | None:
    """The release of a kind that is in production by the tags of a repository, `svd@v1.4.0`."""
    return Production.read(repository, kind).release


def put(
    origin: Origin,
    refs: Mapping[str, str],
    tag: Tag,
    instead_of: str | None = None,
    because: str = "",
) -> str:
    """Put a release in production: push the next tag of the stage; its name.

    `refs` is what the origin had when that was decided; `because` is a line of its own in the
    tag's message. Raises Overtaken when it has that tag by now.
    """
    repository = origin.repository
    name = f"{tag.kind}#{PROD}#{next_number(refs, tag.kind)}"
    message = f"Assigning stage {PROD} to artifact {tag.kind} version {tag.version}\n"
    if instead_of:
        message += f"\nrolled_back_from: {instead_of}\n"
    if because:
        message += f"because: {because}\n"
    object_ = annotated(repository, name, tag.commit, message, after=newest(repository, tag.kind))
    origin.place(name, object_, refs)
    git(repository, "update-ref", f"refs/tags/{name}", object_)
    return name


def newest(repository: Path, kind: str) -> int:
    """The second of the latest tag of a kind, by which GTO would take it to be the last."""
    patterns = (f"refs/tags/{kind}@*", f"refs/tags/{kind}#*")
    told = git(repository, "for-each-ref", "--format=%(creatordate:unix)", *patterns)
    return max(map(int, told.split()), default=0)
