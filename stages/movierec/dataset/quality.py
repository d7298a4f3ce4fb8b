"""Quality of a window's data as measures with limits. Pure.

>>> str(Measure("reject_share", 0.031, 0.02, False))
'reject_share 0.031 (at most 0.02)'
>>> Measure("days", 3, 3, True).passed, Measure("rating_distance", None, 0.25, False).passed
(True, True)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.distinct import distinct
from movierec.dataset.sample import Values
from movierec.dataset.scale import Events, count_off_scale, count_ratings
from movierec.dataset.vocabulary import Vocabulary
from movierec.dataset.windowfile import WindowFile
from movierec.fields import number
from movierec.lines.events import Rating
from movierec.mapped import release
from movierec.times import day_number


@dataclass(frozen=True)
class Validate:
    """Limits of data quality; shares are 0..1, ages are days."""

    min_days: int = number(low=1)
    min_ratings: int = number(low=1)
    min_users: int = number(low=1)
    min_movies: int = number(low=1)
    max_age_days: int = number(low=0)
    max_reject_share: float = number(low=0, high=1)
    max_duplicate_share: float = number(low=0, high=1)
    max_off_scale_share: float = number(low=0, high=1)
    max_bad_rating_share: float = number(low=0, high=1)
    max_rating_mean_shift: float = number(low=0)
    max_rating_distance: float = number(low=0, high=1)


@dataclass(frozen=True)
class Measure:
    """One measure of the window; `value` is None where there is nothing to measure."""

    name: str
    value: float | None
    limit: float
    is_minimum: bool
    note: str = ""
    """What the value was counted from, for whoever has to act on it."""

    @property
    def passed(self) -> bool:
        """Whether the value keeps its limit."""
        if self.value is None:
            return True
        return self.value >= self.limit if self.is_minimum else self.value <= self.limit

    def __str__(self) -> str:
        value = "none" if self.value is None else f"{self.value:.6g}"
        bound = "at least" if self.is_minimum else "at most"
        return f"{self.name} {value} ({bound} {self.limit:g}){self.note and ': '}{self.note}"


def measure(
    window: WindowFile,
    days: Sequence[Aggregate],
    counts: Sequence[dict[str, Any]],
    events: Events,
    limits: Validate,
) -> list[Measure]:
    """Every measure of the window beside its limit."""
    shift, distance = rating_shift(days)
    lines = sum(count["stored"] + count["rejected"] for count in counts)
    rejected, duplicates = (sum(c[key] for c in counts) for key in ("rejected", "duplicates"))
    ratings = sum(len(_last_ratings(day)) for day in days)
    users, movies = (Vocabulary.of(*c) for c in ([d.user for d in days], [d.movies for d in days]))
    age = day_number(window.written) - 1 - day_number(window.days[-1])
    return [
        Measure("days", len(days), limits.min_days, True),
        Measure("ratings", ratings, limits.min_ratings, True),
        Measure("users", len(users), limits.min_users, True),
        Measure("movies", len(movies), limits.min_movies, True),
        Measure("age_days", age, limits.max_age_days, False),
        Measure("reject_share", _share(rejected, lines), limits.max_reject_share, False),
        Measure("duplicate_share", _share(duplicates, lines), limits.max_duplicate_share, False),
        off_scale(days, events, limits.max_off_scale_share),
        bad_ratings(counts, limits.max_bad_rating_share),
        Measure("rating_mean_shift", shift, limits.max_rating_mean_shift, False),
        Measure("rating_distance", distance, limits.max_rating_distance, False),
    ]


def off_scale(days: Sequence[Aggregate], events: Events, limit: float) -> Measure:
    """The share of ratings off the scale of params.yaml: past its limit the log's scale is
    another one, and a model would learn from what is left of its ratings."""
    ratings, off = count_ratings(days), count_off_scale(days, events)
    note = (
        f"{off:,} of {ratings:,} ratings are outside the scale {events.rating_min:g} to "
        f"{events.rating_max:g}, which is `events` in params.yaml"
    )
    return Measure("off_scale_share", _share(off, ratings), limit, False, note)


def bad_ratings(counts: Sequence[dict[str, Any]], limit: float) -> Measure:
    """The share of rating lines that the collector refused, for whatever reason. Ratings are one
    line in hundreds: among all lines, a new way to write them would not show."""
    bad, ratings = rating_lines(counts)
    note = f"{bad:,} of {ratings:,} rating lines were rejected, see rejected.jsonl of the days"
    return Measure("bad_rating_share", _share(bad, ratings), limit, False, note)


def rating_lines(counts: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """How many rating lines of some days were refused, and how many there were."""
    bad = sum(_rejected_ratings(count) for count in counts)
    return bad, bad + sum(count[Rating.KIND.label] for count in counts)


def _rejected_ratings(count: Mapping[str, Any]) -> int:
    """Of a day. An aggregate of before, whose raw day may have expired, knows of one reason."""
    known: int = count.get("rejected_ratings", count["reasons"].get(Rating.FAULT, 0))
    return known


def rating_shift(days: Sequence[Aggregate]) -> tuple[float | None, float | None]:
    """How far the newest day's ratings are from the earlier days': difference of the means,
    and total variation ½ Σ |p − q| of their histograms. None when one side has no rating."""
    newest = Values.of(_last_ratings(days[-1]))
    rest = Values.of(np.empty(0))
    for day in days[:-1]:
        rest += Values.of(_last_ratings(day))
    if not len(newest) or not len(rest):
        return None, None
    values = distinct(np.concatenate([newest.value, rest.value]))
    apart = np.abs(newest.shares(values) - rest.shares(values))
    return abs(newest.mean - rest.mean), float(apart.sum() / 2)


def _last_ratings(day: Aggregate) -> NDArray[np.float32]:
    """The last rating of each rated pair; the day's pages of them are let go of."""
    ratings = day.rating[~np.isnan(day.rating)]
    release([day.rating])
    return ratings


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
