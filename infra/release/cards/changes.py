"""What is other between two releases: days, parameters, libraries, code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.release.cards.released import Released
from infra.release.version import flat
from infra.repository import git

LIBRARIES = "stages/libraries.yaml:"
NONE = "–"


@dataclass(frozen=True)
class Change:
    """One value that differs; NONE where there is none."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class Changes:
    """All that differs."""

    came: list[str]
    """Days that are new in the window."""
    went: list[str]
    """Days that are no longer in it."""
    params: list[Change]
    libraries: list[Change]
    code: list[str]
    """Files that the model or its measures come of, added, changed or gone."""
    commits: list[str]
    """Those that touched that code, the newest first: the hash's first ten digits, the subject."""


def changes(repository: Path, now: Released, before: Released) -> Changes:
    """What differs from `before` to `now`."""
    values = differing(flat(before.made.params), flat(now.made.params))
    libraries = [change for change in values if change.name.startswith(LIBRARIES)]
    code = [change.name for change in differing(before.made.code, now.made.code)]
    return Changes(
        came=[day for day in now.days if day not in before.days],
        went=[day for day in before.days if day not in now.days],
        params=[_named(change) for change in values if change not in libraries],
        libraries=[_named(change) for change in libraries],
        code=code,
        commits=_commits(repository, now, before, code),
    )


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """The keys whose values differ, in their order.

    >>> differing({"a": 1, "b": 2}, {"b": 3, "c": 4})
    [Change(name='a', before='1', now='–'), Change(name='b', before='2', now='3'), \
Change(name='c', before='–', now='4')]
    """
    return [
        Change(key, str(before.get(key, NONE)), str(now.get(key, NONE)))
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


def _named(change: Change) -> Change:
    """Without the file that a key stands in."""
    return Change(change.name.split(":", 1)[1], change.before, change.now)


def _commits(repository: Path, now: Released, before: Released, code: list[str]) -> list[str]:
    if not code:
        return []
    between = f"{before.tag.commit}..{now.tag.commit}"
    lines = git(repository, "log", "--format=%H %s", between, "--", *code).splitlines()
    return [line[:10] + line[40:] for line in lines]
