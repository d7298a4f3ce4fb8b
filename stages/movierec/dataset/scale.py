"""The scale of ratings, which params.yaml alone knows, and what lies off it.

The collector stores every number. `validate` refuses a window with too many ratings off the
scale; the few that pass it reach no matrix: they count as if nobody had sent them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.errors import BadParams
from movierec.fields import number
from movierec.mapped import release


@dataclass(frozen=True)
class Events:
    """The scale of the ratings in the log, both ends included."""

    rating_min: float = number()
    rating_max: float = number()

    def __post_init__(self) -> None:
        if not self.rating_min < self.rating_max:
            raise BadParams(
                f"events: rating_min {self.rating_min} must be below rating_max {self.rating_max}"
            )

    def off(self, ratings: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Whether each rating lies off the scale; NaN, which is no rating, does not.

        >>> Events(1.0, 5.0).off(np.array([0.5, 1, 5, 7, np.nan])).tolist()
        [True, False, False, True, False]
        """
        return (ratings < self.rating_min) | (ratings > self.rating_max)


def count_ratings(days: Sequence[Aggregate]) -> int:
    """How many ratings the days hold, replaced ones included."""
    return sum(int((~np.isnan(r)).sum()) for r in _ratings(days))


def count_off_scale(days: Sequence[Aggregate], events: Events) -> int:
    """How many of them lie off the scale."""
    return sum(int(events.off(r).sum()) for r in _ratings(days))


def on_scale(day: Aggregate, events: Events) -> Aggregate:
    """The day without ratings off the scale. An earlier rating of the pair stands again."""
    off, earlier_off = (events.off(column) for column in _columns(day))
    if not off.any() and not earlier_off.any():
        return day
    kept = ~earlier_off
    return replace(
        day,
        rating=np.where(off, np.float32(np.nan), day.rating),
        rated_at=np.where(off, 0, day.rated_at),
        earlier_user=day.earlier_user[kept],
        earlier_movie=day.earlier_movie[kept],
        earlier_rating=day.earlier_rating[kept],
        earlier_rated_at=day.earlier_rated_at[kept],
    )


def _ratings(days: Sequence[Aggregate]) -> Iterator[NDArray[np.float32]]:
    """The ratings of all days, column by column; who walks on lets go of the pages behind."""
    for day in days:
        yield from _columns(day)
        release(_columns(day))


def _columns(day: Aggregate) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return day.rating, day.earlier_rating
