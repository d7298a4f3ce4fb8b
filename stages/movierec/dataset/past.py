"""A window's days, walked through in their order: of each its facts, beside the days before. Pure.

Of the days before there is what was added up, so that a longer window takes more time, and memory
by its users and movies alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.daily import MINUTES, WEEK, Beside, Daily, Seen, scale_edges, weekday_of
from movierec.dataset.distinct import begins
from movierec.dataset.sample import Before, Sample
from movierec.dataset.scale import Events, count_ratings
from movierec.dataset.vocabulary import Vocabulary
from movierec.mapped import release

Floats = NDArray[np.float64]


def dailies(
    names: Sequence[str],
    days: Sequence[Aggregate],
    counts: Sequence[Mapping[str, Any]],
    events: Events,
) -> list[Daily]:
    """The facts of each day of a window, in its order. The days' pages are let go of behind."""
    past, made = _Past(days, scale_edges(events)), []
    for name, day, count in zip(names, days, counts, strict=True):
        made.append(past.walk(name, day, count))
        release(vars(day).values())
    return made


class _Past:
    """The days before: of each id when it was seen last, and their samples, added up."""

    def __init__(self, days: Sequence[Aggregate], edges: Floats) -> None:
        """Nothing yet, of the window of `days`."""
        self.users = Vocabulary.of(*(c for day in days for c in (day.user, day.earlier_user)))
        self.movies = Vocabulary.of(*(day.movies for day in days))
        # So long ago that no day looks back.
        self.user_last, self.movie_last = (
            np.full(len(ids), -WEEK - 1) for ids in (self.users, self.movies)
        )
        self.place, self.edges = 0, edges
        self.ratings = Before(len(self.users), len(edges) + 1, count_ratings(days))
        self.minutes = _Minutes(len(self.users), len(days))

    def walk(self, name: str, day: Aggregate, counts: Mapping[str, Any]) -> Daily:
        """The facts of the next day, which is of the past from now on."""
        user, minutes = minutes_of(day)
        rows = self.users.index(user)
        watched = Sample.of(rows, minutes, MINUTES)
        rater, rating = ratings_of(day)
        rated = Sample.of(self.users.index(rater), rating, self.edges)
        before = self.minutes.peers(weekday_of(name))
        takers = np.bincount(day.movie, minlength=len(day.movies))
        taken = np.flatnonzero(takers)
        movies = self.movies.index(day.movies)[taken]
        made = Daily(
            name,
            Beside.of(rated, _mean(rating), self.ratings),
            Beside.of(watched, _mean(minutes), before),
            _variation(minutes),
            Seen.of(np.ones(len(rows), np.int64), self.place - self.user_last[rows]),
            Seen.of(takers[taken], self.place - self.movie_last[movies]),
            counts,
        )
        self.user_last[rows] = self.movie_last[movies] = self.place
        self.place += 1
        self.ratings.add(rated)
        self.minutes.add(weekday_of(name), watched)
        return made


class _Minutes:
    """What users watched on the days before."""

    def __init__(self, users: int, days: int) -> None:
        self._of_weekday = [Before(users, len(MINUTES) + 1, days) for _ in range(7)]
        self._all = Before(users, len(MINUTES) + 1, days)

    def peers(self, weekday: int) -> Before:
        """The days that one of `weekday` is compared with, as `expected.peers` has it."""
        own = self._of_weekday[weekday]
        return own if own.days else self._all

    def add(self, weekday: int, sample: Sample) -> None:
        """One more day."""
        self._of_weekday[weekday].add(sample)
        self._all.add(sample)


def ratings_of(day: Aggregate) -> tuple[NDArray[np.int64], Floats]:
    """(user, rating) of each rating of a day, replaced ones included."""
    rated = ~np.isnan(day.rating)
    rating = np.concatenate([day.rating[rated], day.earlier_rating])
    return np.concatenate([day.user[rated], day.earlier_user]), rating.astype(np.float64)


def minutes_of(day: Aggregate) -> tuple[NDArray[np.int64], Floats]:
    """(user, minutes) of each user of a day, ascending."""
    new = begins(day.user)
    minutes = np.bincount(np.cumsum(new) - 1, weights=day.minutes)
    return day.user[new], minutes.astype(np.float64)


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _variation(minutes: Floats) -> float:
    if not minutes.any():
        return 1 / max(len(minutes), 1)
    return float(minutes.var()) / float(minutes.mean()) ** 2 / len(minutes)
