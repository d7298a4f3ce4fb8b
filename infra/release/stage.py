"""The tags `svd#prod#N` by which the registry (GTO) says where a release is in use, in N's order.

Such a tag puts the release in production that stands at its commit, and `svd#prod!#N` takes it out
again. Whoever rolls back says so in the message. What is no tag of this shape, or no annotated one,
or stands at no release, counts for nothing here, as it does for GTO.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gto.constants import ACTION, COUNTER, NAME, STAGE, Action
from gto.tag import parse_name

from infra.release.releases import versions_of
from infra.repository import git

PROD = "prod"
FIELDS = "%(refname:strip=2)%00%(*objectname)%00%(creatordate:unix)%00%(contents)%00"
VERSION = re.compile(r"\bversion (v\S+)")
INSTEAD = re.compile(r"^rolled_back_from: (\S+)$", re.MULTILINE)
BECAUSE = re.compile(r"^because: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Move:
    """A tag of the stage."""

    number: int
    tag: str
    release: str
    at: datetime
    out: bool = False
    """Whether it takes the release out of production."""
    instead_of: str | None = None
    """The release that was rolled back from."""
    because: str = ""
    """Why, where it was online evaluation's verdict (act)."""


def moves_of(repository: Path, kind: str) -> list[Move]:
    """The tags of the stage that stand at a release, lowest number first."""
    told = git(repository, "for-each-ref", f"--format={FIELDS}", f"refs/tags/{kind}#*")
    values = [value.lstrip("\n") for value in told.split("\0")]
    at = releases_at(repository, kind)
    found = zip(*(values[n::4] for n in range(4)), strict=False)
    moves = [move_of(tag, int(when), at[on], text) for tag, on, when, text in found if on in at]
    return sorted(filter(None, moves), key=lambda move: (move.number, move.out))


def move_of(tag: str, when: int, releases: list[str], message: str) -> Move | None:
    """What a tag at the commit of some releases stands for; None when it is none of the stage."""
    named = parse_name(tag, raise_on_fail=False)
    because = BECAUSE.search(message)
    if named.get(STAGE) != PROD or COUNTER not in named:
        return None
    version, instead = VERSION.search(message), INSTEAD.search(message)
    meant = [name for name in releases if version and name.endswith(f"@{version[1]}")]
    return Move(
        named[COUNTER],
        tag,
        (meant or releases)[-1],
        datetime.fromtimestamp(when, UTC),
        named[ACTION] == Action.UNASSIGN,
        instead[1] if instead else None,
        because[1] if because else "",
    )


def releases_at(repository: Path, kind: str) -> dict[str, list[str]]:
    """commit → the releases that stand there, lowest number first."""
    form = "--format=%(refname:strip=2) %(*objectname) %(objectname)"
    told = git(repository, "for-each-ref", form, f"refs/tags/{kind}@*")
    commits = {line.split()[0]: line.split()[1] for line in told.splitlines()}
    at: dict[str, list[str]] = {}
    for name in versions_of(repository, kind):
        at.setdefault(commits[name], []).append(name)
    return at


def replay(moves: Iterable[Move]) -> tuple[list[str], set[str]]:
    """What was put in production and stays to be gone back to, and what was given up.

    >>> day = datetime(2026, 11, 27, tzinfo=UTC)
    >>> abc = [Move(n, f"svd#prod#{n}", name, day) for n, name in enumerate("ABC")]
    >>> replay(abc)
    (['A', 'B', 'C'], set())
    >>> replay([*abc, Move(3, "svd#prod#3", "B", day, instead_of="C")])
    (['A', 'B'], {'C'})
    """
    order: list[str] = []
    given_up: set[str] = set()
    for move in moves:
        rest = [release for release in order if release != move.release]
        if move.out:
            order = rest
            given_up.add(move.release)
            continue
        if move.instead_of is not None:
            if move.release in order:
                rest = order[: order.index(move.release)]
            rest = [release for release in rest if release != move.instead_of]
            given_up |= {*order, move.instead_of} - {*rest}
        order = [*rest, move.release]
        given_up.discard(move.release)
    return order, given_up


def next_number(refs: Iterable[str], kind: str) -> int:
    """The number after all that tags of a kind have, in whatever stage: GTO's own rule.

    >>> next_number(["refs/tags/svd#prod#9", "refs/tags/svd#dev!#10", "refs/tags/svd#x"], "svd")
    11
    """
    names = (parse_name(ref.removeprefix("refs/tags/"), raise_on_fail=False) for ref in refs)
    return 1 + max((n.get(COUNTER, 0) for n in names if n.get(NAME) == kind), default=0)
