"""Days' sums as one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.online.daysums import NEVER, REQUESTS, UNATTRIBUTED, DaySums
from movierec.evaluation.online.grouping import chained, grouped
from movierec.evaluation.online.latest import Ints
from movierec.times import day_number


@dataclass(frozen=True)
class Together:
    """What DaySums holds, of several days. Codes are places in `names` of all of them."""

    days: list[str]
    names: dict[str, list[str]]
    rows: dict[str, NDArray[Any]]
    states: NDArray[np.int32]
    """(n_states, n_arms) models"""
    spans: list[list[str]]
    """The days on which each model gave answers."""
    first: Ints
    censored: Ints
    """(n_models,) answers whose next day is not among the days."""
    met_user: Ints
    met_arm: Ints
    movies: NDArray[np.bytes_]
    watchers: Ints
    listed: Ints
    started: Ints
    requests: dict[str, int]
    duplicates: int

    @property
    def answered(self) -> NDArray[np.bool_]:
        """(n_models,) which gave an answer that was judged."""
        return np.array([bool(days) for days in self.spans], dtype=bool)


def together(sums: Sequence[DaySums]) -> Together:
    """The sums of different days as one, whatever their order. Raises ValueError for a day that is
    there twice."""
    names = {
        kind: sorted({name for one in sums for name in one.names[kind]})
        for kind in ("model", "arm", "tier")
    }
    days = [_renamed(one, names) for one in sorted(sums, key=lambda one: one.day)]
    if len({one.day for one in days}) < len(days):
        raise ValueError(f"a day stands twice in {[one.day for one in days]}")
    n = len(names["model"])
    states, rows = _rows(days, len(names["arm"]))
    answered = [np.bincount(one.rows["model"], one.rows["answers"], n) > 0 for one in days]
    censored = np.zeros(n, np.int64)
    for k, one in enumerate(days):
        if not _goes_on(days[k : k + 2]):
            censored += one.pending
    user, arm = _met(days)
    return Together(
        [one.day for one in days],
        names,
        rows,
        states,
        [[one.day for one, own in zip(days, answered, strict=True) if own[k]] for k in range(n)],
        np.min([np.full(n, NEVER), *(one.first for one in days)], axis=0),
        censored,
        user,
        arm,
        **_movies(days, n),
        requests={
            name: sum(one.requests[name] for one in days) for name in (*REQUESTS, UNATTRIBUTED)
        },
        duplicates=sum(one.duplicates for one in days),
    )


def _renamed(sums: DaySums, names: Mapping[str, list[str]]) -> DaySums:
    """The same sums with the codes of `names`, which hold all of its own."""
    codes = {
        kind: np.searchsorted(np.array(names[kind], str), np.array(own, str))
        for kind, own in sums.names.items()
    }
    model, n = codes["model"], len(names["model"])

    def spread(values: NDArray[Any], fill: int = 0) -> NDArray[Any]:
        wide = np.full((n, *values.shape[1:]), fill, values.dtype)
        wide[model] = values
        return wide

    states = np.full((len(sums.states), len(names["arm"])), -1, np.int32)
    states[:, codes["arm"]] = np.r_[model, -1][sums.states]  # the last one for −1
    return replace(
        sums,
        names=dict(names),
        rows={**sums.rows, **{kind: code[sums.rows[kind]] for kind, code in codes.items()}},
        states=states,
        first=spread(sums.first, NEVER),
        pending=spread(sums.pending),
        met=(sums.met[0], codes["arm"][sums.met[1]]),
        listed=spread(sums.listed),
        started=spread(sums.started),
    )


def _goes_on(pair: Sequence[DaySums]) -> bool:
    """Whether the second day judges what the first left pending."""
    if len(pair) < 2:
        return False
    first, second = pair
    return second.before and day_number(second.day) == day_number(first.day) + 1


def _rows(days: Sequence[DaySums], arms: int) -> tuple[NDArray[np.int32], dict[str, NDArray[Any]]]:
    """The states of all days, each once, and the rows with these."""
    all_states = [np.empty((0, arms), np.int32), *(one.states for one in days)]
    states, place = np.unique(np.concatenate(all_states), axis=0, return_inverse=True)
    first = np.cumsum([0, *(len(one.states) for one in days)])
    parts = [
        {**one.rows, "state": place[start + one.rows["state"]]}
        for one, start in zip(days, first[:-1], strict=True)
    ]
    return states, grouped(chained(parts))


def _met(days: Sequence[DaySums]) -> tuple[Ints, Ints]:
    """Users, and the arm of the first answer to each; of days in their order."""
    users = np.concatenate([np.empty(0, np.int64), *(one.met[0] for one in days)])
    arms = np.concatenate([np.empty(0, np.int64), *(one.met[1] for one in days)])
    different, first = np.unique(users, return_index=True)
    return different, arms[first]


def _movies(days: Sequence[DaySums], models: int) -> dict[str, NDArray[Any]]:
    """Counts of movies, added up."""
    ids = np.unique(np.concatenate([np.empty(0, "S1"), *(one.movies for one in days)]))
    watchers = np.zeros(len(ids), np.int64)
    listed, started = np.zeros((2, models, len(ids)), np.int64)
    for one in days:
        at = np.searchsorted(ids, one.movies)
        watchers[at] += one.watchers
        listed[:, at] += one.listed
        started[:, at] += one.started
    return {"movies": ids, "watchers": watchers, "listed": listed, "started": started}
