"""The days that a training uses, joined: their aggregates under one vocabulary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate, load_aggregate
from movierec.dataset.pairs import Ratings, Watches
from movierec.dataset.vocabulary import Vocabulary
from movierec.dataset.windowfile import REMEDY
from movierec.errors import BadInput

BLOCK = 65_536
"""Users a block."""


def load_days(folder: Path, days: Sequence[str]) -> tuple[list[Aggregate], list[dict[str, Any]]]:
    """Aggregates and counts of `days`, memory-mapped from `<folder>/<day>`.

    Raises BadInput when one is missing, or when the folder holds another one: it is a
    dependency as a whole, and what it holds beside the window would make dvc.lock untrue.
    """
    loaded = [load_aggregate(folder / day) for day in days]
    others = sorted({entry.name for entry in folder.iterdir()} - set(days))
    if others:
        raise BadInput(
            f"{folder} holds {', '.join(others)}, not in the window; remove it, or {REMEDY}"
        )
    return [aggregate for aggregate, _ in loaded], [counts for _, counts in loaded]


@dataclass(frozen=True)
class Window:
    """Days under one vocabulary: `movie_of[d][m]` is the index of day d's movie m."""

    days: Sequence[Aggregate]
    users: Vocabulary
    movies: Vocabulary
    movie_of: Sequence[NDArray[np.int32]]

    @classmethod
    def of(cls, days: Sequence[Aggregate]) -> "Window":
        """The window of some days."""
        users = Vocabulary.of(*(day.user for day in days))
        movies = Vocabulary.of(*(day.movies for day in days))
        return cls(days, users, movies, [movies.index(day.movies) for day in days])

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, int, Ratings, Watches]]:
        """(first user, end, ratings, watches) of `size` users at a time; u starts at 0."""
        for start in range(0, len(self.users), size):
            end = min(start + size, len(self.users))
            yield start, end, self._ratings(start, end), self._watches(start, end)

    def _ratings(self, start: int, end: int) -> Ratings:
        parts = []
        for day, movie_of in zip(self.days, self.movie_of, strict=True):
            rows = self._rows(day.earlier_user, start, end)
            parts.append(
                (
                    day.earlier_user[rows],
                    movie_of[day.earlier_movie[rows]],
                    day.earlier_rating[rows],
                    day.earlier_rated_at[rows],
                )
            )
            rows = self._rows(day.user, start, end)
            rated = ~np.isnan(day.rating[rows])
            parts.append(
                (
                    day.user[rows][rated],
                    movie_of[day.movie[rows][rated]],
                    day.rating[rows][rated],
                    day.rated_at[rows][rated],
                )
            )
        user, i, rating, time = (np.concatenate(column) for column in zip(*parts, strict=True))
        u = self.users.index(user) - np.int32(start)
        # Stable: at equal times a later day, and a later line of a day, comes last.
        return Ratings(u, i, rating, time)[np.lexsort((time, i, u))]

    def _watches(self, start: int, end: int) -> Watches:
        parts = []
        for day, movie_of in zip(self.days, self.movie_of, strict=True):
            rows = self._rows(day.user, start, end)
            some = day.minutes[rows] > 0
            columns: list[NDArray[Any]] = [day.user, day.minutes, day.first_watch, day.last_watch]
            user, minutes, first, last = (column[rows][some] for column in columns)
            parts.append((user, movie_of[day.movie[rows][some]], minutes, first, last))
        user, i, minutes, first, last = (np.concatenate(c) for c in zip(*parts, strict=True))
        u = self.users.index(user) - np.int32(start)
        return Watches(u, i, minutes, first, last)[np.lexsort((i, u))]

    def _rows(self, user: NDArray[np.int64], start: int, end: int) -> slice:
        """The rows of the users start … end-1 in an ascending column."""
        low = np.searchsorted(user, self.users[start], "left")
        high = np.searchsorted(user, self.users[end - 1], "right")
        return slice(int(low), int(high))

    def rating_times(self) -> NDArray[np.int64]:
        """The times of the days' last ratings."""
        return np.concatenate([day.rated_at[~np.isnan(day.rating)] for day in self.days])
