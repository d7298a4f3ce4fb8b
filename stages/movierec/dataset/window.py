"""The days that a training uses: the file that names them, and their aggregates together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate, load_aggregate
from movierec.dataset.matrix import lookup
from movierec.dataset.pairs import Ratings, Watches
from movierec.errors import BadInput

BLOCK = 65_536
"""Users a block."""


@dataclass(frozen=True)
class WindowFile:
    """What window.yaml says: the days, ascending, and the date on which it was written."""

    days: list[str]
    written: date


def read_window(path: Path) -> WindowFile:
    """Read and check a window file. Raises BadInput, naming what to do."""
    remedy = "write it with `python -m infra.release.window --days …`"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; {remedy}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not YAML ({error}); {remedy}") from None
    if not isinstance(document, dict) or set(document) != {"days", "written"}:
        raise BadInput(f"{path}: expected the keys days and written; {remedy}")
    days, written = document["days"], document["written"]
    if not isinstance(days, list) or not days:
        raise BadInput(f"{path}: the window is empty; {remedy}")
    try:
        parsed = [date.fromisoformat(day) for day in days]
        written_on = date.fromisoformat(written)
    except (TypeError, ValueError):
        raise BadInput(f"{path}: days and written must be quoted dates; {remedy}") from None
    if parsed != sorted(set(parsed)):
        raise BadInput(f"{path}: the days must ascend without repeats; {remedy}")
    return WindowFile(days, written_on)


def load_days(folder: Path, days: Sequence[str]) -> tuple[list[Aggregate], list[dict[str, Any]]]:
    """Aggregates and counts of `days`, memory-mapped from `<folder>/<day>`.

    Raises BadInput when one is missing, or when the folder holds another one: it is a
    dependency as a whole, and what it holds beside the window would make dvc.lock untrue.
    """
    loaded = [load_aggregate(folder / day) for day in days]
    others = sorted({entry.name for entry in folder.iterdir()} - set(days))
    if others:
        raise BadInput(
            f"{folder} holds {', '.join(others)}, not in the window; remove it, or let "
            "`python -m infra.release.window --days …` do so"
        )
    return [aggregate for aggregate, _ in loaded], [counts for _, counts in loaded]


@dataclass(frozen=True)
class Window:
    """Days under one vocabulary: `movie_of[d][m]` is the index of day d's movie m."""

    days: Sequence[Aggregate]
    users: NDArray[np.int64]
    movies: NDArray[np.bytes_]
    movie_of: Sequence[NDArray[np.int32]]

    @classmethod
    def of(cls, days: Sequence[Aggregate]) -> "Window":
        users = np.unique(np.concatenate([np.unique(day.user) for day in days]))
        movies = np.unique(np.concatenate([day.movies for day in days]))
        return cls(days, users, movies, [lookup(movies, day.movies) for day in days])

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
        u = lookup(self.users[start:end], user)
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
        u = lookup(self.users[start:end], user)
        return Watches(u, i, minutes, first, last)[np.lexsort((i, u))]

    def _rows(self, user: NDArray[np.int64], start: int, end: int) -> slice:
        """The rows of the users start … end-1 in an ascending column."""
        low = np.searchsorted(user, self.users[start], "left")
        high = np.searchsorted(user, self.users[end - 1], "right")
        return slice(int(low), int(high))

    def rating_times(self) -> NDArray[np.int64]:
        """The times of the days' last ratings."""
        return np.concatenate([day.rated_at[~np.isnan(day.rating)] for day in self.days])
