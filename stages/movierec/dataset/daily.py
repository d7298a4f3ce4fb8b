"""What a day of the window looks like: the facts by which drift compares days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.distance import Apart, compare
from movierec.dataset.quality import rating_lines
from movierec.dataset.sample import Before, Sample
from movierec.dataset.scale import Events
from movierec.lines.kinds import ACCOUNT, RATING, REQUEST, WATCH
from movierec.times import day_number

LOG = (WATCH, RATING, REQUEST, ACCOUNT)
"""The kinds of lines of the log; answers that were served have a topic of their own."""
SCALE_BINS = 20
"""Of the scale of ratings, and one below and one above it: each half point of ten has its own."""
MINUTES = 2.0 ** np.arange(11)
"""Edges of the bins of minutes a user watched in a day: 0, 1, 2–3, 4–7, …, 1024 and more."""
WEEK = 7
"""Days that are looked back at the most, for what is new."""
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""


@dataclass(frozen=True)
class Seen:
    """Who, or what, stands in a day."""

    ids: int
    new: Sequence[int]
    """Of `new[b]`: how much they count who were not seen in the `b` days before, 0 to WEEK."""
    units: float
    """As many ids of one weight would tell as much (Kish's effective size)."""

    @classmethod
    def of(cls, weight: NDArray[np.int64], gap: NDArray[np.int64]) -> "Seen":
        """By how much each counts, and how many days of the window ago it was seen, at least 1."""
        squares = float((weight.astype(np.float64) ** 2).sum())
        new = [int(weight[gap > back].sum()) for back in range(WEEK + 1)]
        return cls(len(weight), new, float(weight.sum()) ** 2 / squares if squares else 0.0)

    def new_share(self, lookback: int) -> float | None:
        """The share, by weight, of what was not seen in the `lookback` days before."""
        return self.new[lookback] / self.new[0] if self.new[0] else None


@dataclass(frozen=True)
class Beside:
    """A day's values, and how far they are from those of days before it."""

    counts: NDArray[np.int64]
    """Values in each bin."""
    mean: float | None
    days: int
    """Days that it was compared with."""
    old: int
    """Their values."""
    apart: Apart | None

    @classmethod
    def of(cls, sample: Sample, mean: float | None, before: Before) -> "Beside":
        """A sample of that mean beside the days `before`."""
        return cls(sample.counts, mean, before.days, len(before), compare(sample, before))

    def __len__(self) -> int:
        return int(self.counts.sum())


@dataclass(frozen=True)
class Daily:
    """A day of the window, and what the days before it have to say of it."""

    name: str
    ratings: Beside
    """Replaced ones included; units are users. Beside all days before."""
    minutes: Beside
    """Minutes that each user of the day watched. Beside the days before of its weekday, once there
    is one, else beside all."""
    variation: float
    """The squared standard error of a user's mean minutes, in that mean; users are independent."""
    users: Seen
    """Each counts one."""
    movies: Seen
    """Each counts as many as took it up on the day: a corrupted id, one."""
    counts: Mapping[str, Any]
    """Of the day's lines."""

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return weekday_of(self.name)

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


def weekday_of(name: str) -> int:
    """The weekday of a day; 0 is Monday.

    >>> weekday_of("2026-11-01")
    6
    """
    return (day_number(name) + THURSDAY) % 7


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
