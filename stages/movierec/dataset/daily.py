"""What a day of the window looks like: the facts by which drift compares days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.distance import Sample
from movierec.dataset.quality import rating_lines
from movierec.dataset.scale import Events
from movierec.dataset.vocabulary import lookup
from movierec.lines.kinds import ACCOUNT, RATING, REQUEST, WATCH
from movierec.times import day_number

LOG = (WATCH, RATING, REQUEST, ACCOUNT)
"""The kinds of lines of the log; answers that were served have a topic of their own."""
SCALE_BINS = 20
"""Of the scale of ratings, and one below and one above it: each half point of ten has its own."""
MINUTES = 2.0 ** np.arange(11)
"""Edges of the bins of minutes a user watched in a day: 0, 1, 2–3, 4–7, …, 1024 and more."""
NEVER = np.iinfo(np.int64).max
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""


@dataclass(frozen=True)
class Seen:
    """Who, or what, stands in a day: ids, how much each counts, and how long ago it was last seen
    in the window, in days of it: 1 is the day before, NEVER that it was not."""

    weight: NDArray[np.int64]
    gap: NDArray[np.int64]

    def new_share(self, lookback: int) -> float | None:
        """The share, by weight, of what was not seen in the `lookback` days before."""
        whole = int(self.weight.sum())
        return float(self.weight[self.gap > lookback].sum() / whole) if whole else None

    @property
    def units(self) -> float:
        """As many ids of one weight would tell as much (Kish's effective size)."""
        squares = float((self.weight.astype(np.float64) ** 2).sum())
        return float(self.weight.sum()) ** 2 / squares if squares else 0.0


@dataclass(frozen=True)
class Daily:
    """A day of the window."""

    name: str
    ratings: Sample
    """Replaced ones included; units are users."""
    minutes: Sample
    """Minutes that each user of the day watched."""
    users: Seen
    """Each counts one."""
    movies: Seen
    """Each counts as many as took it up on the day: a corrupted id, one."""
    counts: Mapping[str, Any]
    """Of the day's lines."""

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return (day_number(self.name) + THURSDAY) % 7

    @property
    def lines(self) -> int:
        """Good lines."""
        return int(self.counts["stored"])

    @property
    def faults(self) -> dict[str, tuple[int, int]]:
        """Name → how many lines have the fault, and how many could."""
        refused = int(self.counts["rejected"])
        return {
            "reject_share": (refused, self.lines + refused),
            "bad_rating_share": rating_lines([self.counts]),
            "late_share": (int(self.counts["late"]), self.lines),
            "duplicate_share": (int(self.counts["duplicates"]), self.lines),
        }


def dailies(
    names: Sequence[str],
    days: Sequence[Aggregate],
    counts: Sequence[Mapping[str, Any]],
    events: Events,
) -> list[Daily]:
    """The facts of each day of a window, in its order."""
    edges = scale_edges(events)
    users, movies = _Memory(), _Memory()
    made = []
    for place, (name, day, count) in enumerate(zip(names, days, counts, strict=True)):
        user, row = np.unique(day.user, return_inverse=True)
        minutes = np.bincount(row, weights=day.minutes, minlength=len(user))
        movie, takers = np.unique(day.movie, return_counts=True)
        rated = ~np.isnan(day.rating)
        rater = np.concatenate([day.user[rated], day.earlier_user])
        rating = np.concatenate([day.rating[rated], day.earlier_rating])
        made.append(
            Daily(
                name,
                Sample.of(rater, rating, edges),
                Sample.of(user, minutes, MINUTES),
                Seen(np.ones(len(user), np.int64), users.gap(user, place)),
                Seen(takers, movies.gap(day.movies[movie], place)),
                count,
            )
        )
    return made


def scale_edges(events: Events) -> NDArray[np.float64]:
    """Edges of the bins of ratings; what is off the scale is below the first or above the last.

    >>> edges = scale_edges(Events(1.0, 5.0))
    >>> np.searchsorted(edges, [0.5, 1, 1.5, 5, 5.5], side="right").tolist()
    [0, 1, 3, 20, 21]
    """
    edges = np.linspace(events.rating_min, events.rating_max, SCALE_BINS + 1)
    # A hair low, so that a rating of 3.8 is in the bin that begins there; the end is on the scale.
    edges -= (edges[1] - edges[0]) / 100
    edges[-1] = np.nextafter(np.float32(events.rating_max), np.float32(np.inf))
    return edges


def scale_bins(events: Events) -> list[str]:
    """What the bins are called: by the rating that each begins with.

    >>> scale_bins(Events(1.0, 5.0))[:4], scale_bins(Events(1.0, 5.0))[-2:]
    (['below', '1', '1.2', '1.4'], ['4.8', 'above'])
    """
    low, high = events.rating_min, events.rating_max
    begins = [low + (high - low) * k / SCALE_BINS for k in range(SCALE_BINS)]
    return ["below", *(f"{rating:.6g}" for rating in begins), "above"]


class _Memory:
    """On which day each id was seen last."""

    def __init__(self) -> None:
        self.ids: NDArray[Any] = np.empty(0, np.int64)
        self.last: NDArray[np.int64] = np.empty(0, np.int64)

    def gap(self, ids: NDArray[Any], day: int) -> NDArray[np.int64]:
        """How many days ago each of some ascending ids was seen; from now on it is this day."""
        at = lookup(self.ids, ids)
        known = at >= 0
        gap = np.full(len(ids), NEVER)
        gap[known] = day - self.last[at[known]]
        self.last[at[known]] = day
        if not len(self.ids):
            self.ids, self.last = np.array(ids), np.full(len(ids), day)
        elif not known.all():
            together = np.concatenate([self.ids, ids[~known]])
            order = np.argsort(together, kind="stable")
            last = np.concatenate([self.last, np.full(int((~known).sum()), day)])
            self.ids, self.last = together[order], last[order]
        return gap
