"""Why a raw closed day must stay on disk: what is still to be made of it, or may be made again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.repository import attempt, git
from movierec.dataset.onlinefile import TOPICS, online_of
from movierec.dataset.windowfile import days_of
from movierec.errors import BadInput
from movierec.store.days import closed_days
from movierec.store.expired import expired_days
from movierec.store.openrows import open_rows
from movierec.store.storage import at
from movierec.times import day_name, day_number, day_start


@dataclass(frozen=True)
class Needs:
    """What there is in a store and in a repository that needs raw days."""

    store: Path
    window: Path
    """data/window.yaml"""
    online: Path
    """data/online/window.yaml"""
    reports: Path
    """metrics/online"""
    awaited_from: str
    """Answers of a day before this one, of which no line is there, come no more."""

    def reason(self, day: str) -> str | None:
        """What needs a day that is old enough to go, or None."""
        for name, text in both(self.window):
            if day in days_of(text, self.window):
                return f"the training window of {name} uses it"
        for name, text in both(self.online):
            for item in online_of(text, self.online):
                if day in {read for _, read in item.reads()}:
                    return f"the online window of {name} reads it to judge {item.day}"
        if (why := self.unjudged(day)) is not None:
            return f"its {why}"
        after = day_name(day_number(day) + 1)
        why = self.unjudged(after)
        return f"{after} reads it, and its {why}" if why else None

    def unjudged(self, day: str) -> str | None:
        """What its online evaluation lacks; None where it is committed, and pushed if there is a
        remote, or can never be: one topic has no line of that day."""
        report = self.reports / f"{day}.json"
        text = committed(report)
        if text is not None:
            if not is_evaluation(text, day):
                return f"{report} in HEAD is no evaluation of the closed day"
            return None if pushed(report) else f"online evaluation {report} is not pushed"
        if any(self._never_has(topic, day) for topic in TOPICS):
            return None
        return f"online evaluation {report} is not committed"

    def _never_has(self, topic: str, day: str) -> bool:
        """Whether a topic has not closed a day, and will not: it went on behind that day, or has
        stopped before it, long ago, or never had a line."""
        if day in self._closed[topic]:
            return False
        start, end = (day_start(day_number(day) + n) for n in (0, 1))
        times = self._open[topic]
        if not len(times) or times[0] >= end:
            return True
        at = int(np.searchsorted(times, start))
        return day < self.awaited_from and (at == len(times) or bool(times[at] >= end))

    @cached_property
    def _closed(self) -> dict[str, set[str]]:
        """topic → the days that it has closed, those that have expired among them."""
        storage = at(self.store)
        return {t: {*closed_days(self.store, t), *expired_days(storage, t)} for t in TOPICS}

    @cached_property
    def _open(self) -> dict[str, NDArray[np.int64]]:
        """topic → the times of the lines that no closed day holds, in order."""
        return {t: np.sort(open_rows(self.store, t)["time"].to_numpy()) for t in TOPICS}


def both(path: Path) -> Sequence[tuple[str, bytes]]:
    """The content of a file, here and in HEAD, as far as it is there: by name."""
    here = path.read_bytes() if path.exists() else None
    found = [(str(path), here), ("HEAD", committed(path))]
    return [(name, text) for name, text in found if text is not None]


def is_evaluation(text: bytes, day: str) -> bool:
    """Whether a file is the evaluation of a closed day."""
    try:
        document = json.loads(text)
        return day in document["days"] and not document["open"]
    except (ValueError, KeyError, TypeError):
        return False


def committed(path: Path) -> bytes | None:
    """The content of a file in HEAD, None when HEAD lacks it. Raises BadInput without a commit."""
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    if attempt(folder, "rev-parse", "--verify", "HEAD").returncode:
        raise BadInput(f"{folder}: no git commit there that could hold evaluations")
    relative = path.absolute().relative_to(folder)
    shown = attempt(folder, "show", f"HEAD:./{relative}")
    return None if shown.returncode else shown.stdout


def pushed(path: Path) -> bool:
    """Whether a branch of a remote, as it is known here, has the commit that brought a file of HEAD
    as it is there: a clone can be lost. True where there is no remote."""
    folder = path.absolute().parent
    if not git(folder, "remote").split():
        return True
    commit = git(folder, "log", "-1", "--format=%H", "HEAD", "--", path.name).strip()
    return bool(git(folder, "branch", "--remotes", "--contains", commit).split())
