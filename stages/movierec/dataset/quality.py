"""Quality of a window's data as measures with limits. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.window import WindowFile
from movierec.fields import number


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
    max_rating_mean_shift: float = number(low=0)
    max_rating_distance: float = number(low=0, high=1)


@dataclass(frozen=True)
class Measure:
    """One measure of the window; `value` is None where there is nothing to measure."""

    name: str
    value: float | None
    limit: float
    is_minimum: bool

    @property
    def passed(self) -> bool:
        """Whether the value keeps its limit."""
        if self.value is None:
            return True
        return self.value >= self.limit if self.is_minimum else self.value <= self.limit

    def __str__(self) -> str:
        value = "none" if self.value is None else f"{self.value:.6g}"
        return (
            f"{self.name} {value} ({'at least' if self.is_minimum else 'at most'} {self.limit:g})"
        )


def measure(
    window: WindowFile,
    days: Sequence[Aggregate],
    counts: Sequence[dict[str, Any]],
    limits: Validate,
) -> list[Measure]:
    """Every measure of the window beside its limit."""
    lines = sum(count["stored"] + count["rejected"] for count in counts)
    shift, distance = drift(days)
    newest = date.fromisoformat(window.days[-1])
    age = (window.written - timedelta(days=1) - newest).days

    def share(key: str) -> float | None:
        return sum(count[key] for count in counts) / lines if lines else None

    return [
        Measure("days", len(days), limits.min_days, True),
        Measure(
            "ratings", sum(int((~np.isnan(d.rating)).sum()) for d in days), limits.min_ratings, True
        ),
        Measure("users", _distinct([d.user for d in days]), limits.min_users, True),
        Measure("movies", _distinct([d.movies for d in days]), limits.min_movies, True),
        Measure("age_days", age, limits.max_age_days, False),
        Measure("reject_share", share("rejected"), limits.max_reject_share, False),
        Measure("duplicate_share", share("duplicates"), limits.max_duplicate_share, False),
        Measure("rating_mean_shift", shift, limits.max_rating_mean_shift, False),
        Measure("rating_distance", distance, limits.max_rating_distance, False),
    ]


def drift(days: Sequence[Aggregate]) -> tuple[float | None, float | None]:
    """How far the newest day's ratings are from the earlier days': difference of the means,
    and total variation ½ Σ |p − q| of their histograms. None when one side has no rating."""
    ratings = [day.rating[~np.isnan(day.rating)] for day in days]
    newest, rest = ratings[-1], np.concatenate([np.empty(0, np.float32), *ratings[:-1]])
    if len(newest) == 0 or len(rest) == 0:
        return None, None
    values = np.unique(np.r_[newest, rest])
    p, q = (_histogram(values, side) for side in (newest, rest))
    shift = abs(float(newest.mean(dtype=np.float64)) - float(rest.mean(dtype=np.float64)))
    return shift, float(np.abs(p - q).sum() / 2)


def _histogram(values: NDArray[Any], sample: NDArray[Any]) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(values, sample), minlength=len(values))
    return counts / len(sample)


def _distinct(columns: Sequence[NDArray[Any]]) -> int:
    return len(np.unique(np.concatenate([np.unique(column) for column in columns])))
