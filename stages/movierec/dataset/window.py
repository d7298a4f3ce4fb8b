"""The days that a training uses, joined: their aggregates under one vocabulary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate, load_aggregate
from movierec.dataset.distinct import sorted_order
from movierec.dataset.matrix import grouped
from movierec.dataset.pairs import Ratings, Watches
from movierec.dataset.scale import Events, on_scale
from movierec.dataset.vocabulary import Vocabulary
from movierec.dataset.windowfile import REMEDY
from movierec.errors import BadInput
from movierec.mapped import make_room, release

ROWS = 1 << 20
"""Rows of the days a block: some 200 MB while it is split."""
CELL = 1 << 10
"""Users that are never parted."""
OWN = ("user", "movie", "minutes", "first_watch", "last_watch", "rating", "rated_at")
EARLIER = ("earlier_user", "earlier_movie", "earlier_rating", "earlier_rated_at")


def load_days(folder: Path, days: Sequence[str]) -> tuple[list[Aggregate], list[dict[str, Any]]]:
    """Aggregates and counts of `days`, memory-mapped from `<folder>/<day>`.

    Raises BadInput when one is missing, or when the folder holds another one: it is a
    dependency as a whole, and what it holds beside the window would make dvc.lock untrue.
    Raises Unavailable when the system does not let so many files be open.
    """
    make_room(len(days) * len(fields(Aggregate)))
    loaded = [load_aggregate(folder / day) for day in days]
    others = sorted({entry.name for entry in folder.iterdir()} - set(days))
    if others:
        raise BadInput(
            f"{folder} holds {', '.join(others)}, not in the window; remove it, or {REMEDY}"
        )
    return [aggregate for aggregate, _ in loaded], [counts for _, counts in loaded]


Columns = list[NDArray[Any]]


@dataclass(frozen=True)
class Window:
    """Days under one vocabulary: `movie_of[d][m]` is the index of day d's movie m."""

    days: Sequence[Aggregate]
    users: Vocabulary
    movies: Vocabulary
    movie_of: Sequence[NDArray[np.int32]]
    events: Events | None = None
    """The scale: ratings that lie off it are left out."""

    @classmethod
    def of(cls, days: Sequence[Aggregate]) -> "Window":
        """The window of some days."""
        users = Vocabulary.of(*(day.user for day in days))
        movies = Vocabulary.of(*(day.movies for day in days))
        movie_of = []
        for day in days:
            movie_of.append(movies.index(day.movies))
            release([day.movies])
        return cls(days, users, movies, movie_of)

    def blocks(
        self, rows: int = ROWS, cell: int = CELL
    ) -> Iterator[tuple[int, int, Ratings, Watches]]:
        """(first user, end, ratings, watches) of some users at a time; u starts at 0.

        A block is of whole cells of `cell` users each: of so many that the days hold `rows` rows of
        them, or of one. The days' pages are let go of behind each.
        """
        own = [self._cells(day.user, cell) for day in self.days]
        earlier = [self._cells(day.earlier_user, cell) for day in self.days]
        for first, end in grouped(np.sum(own, 0) + np.sum(earlier, 0), rows):
            start, stop = first * cell, min(end * cell, len(self.users))
            of_days = [
                self._of_day(d, slice(own[d][first], own[d][end]), slice(e[first], e[end]))
                for d, e in enumerate(earlier)
            ]
            ratings, watches = (joined(columns) for columns in zip(*of_days, strict=True))
            users = Vocabulary(self.users[start:stop])
            yield start, stop, self._ratings(users, *ratings), self._watches(users, *watches)

    def _cells(self, user: NDArray[np.int64], cell: int) -> NDArray[np.int64]:
        """Where each cell of users begins in an ascending column, and the last one ends."""
        begin = np.searchsorted(user, self.users[::cell])
        release([user])
        return np.append(begin, len(user))

    def _part(self, day: Aggregate, rows: slice, earlier: slice) -> Aggregate:
        """Some rows of a day."""
        part = replace(
            day,
            **{name: getattr(day, name)[rows] for name in OWN},
            **{name: getattr(day, name)[earlier] for name in EARLIER},
        )
        return part if self.events is None else on_scale(part, self.events)

    def _of_day(self, d: int, rows: slice, earlier: slice) -> tuple[Columns, Columns]:
        """Of some rows of day d: (user, movie, rating, time) and (user, movie, minutes, first,
        last), nothing of them in its pages."""
        part, movie_of = self._part(self.days[d], rows, earlier), self.movie_of[d]
        rated, watched = ~np.isnan(part.rating), part.minutes > 0
        ratings: Columns = [
            np.concatenate([part.earlier_user, part.user[rated]]),
            movie_of[np.concatenate([part.earlier_movie, part.movie[rated]])],
            np.concatenate([part.earlier_rating, part.rating[rated]]),
            np.concatenate([part.earlier_rated_at, part.rated_at[rated]]),
        ]
        watches: Columns = [part.user[watched], movie_of[part.movie[watched]]]
        watches += [c[watched] for c in (part.minutes, part.first_watch, part.last_watch)]
        release(vars(self.days[d]).values())
        return ratings, watches

    def _ratings(
        self,
        users: Vocabulary,
        user: NDArray[np.int64],
        i: NDArray[np.int32],
        rating: NDArray[np.float32],
        time: NDArray[np.int64],
    ) -> Ratings:
        u = users.index(user)
        keys = self._keys(u, i)
        # Stable: at equal times a later day, and a later line of a day, comes last.
        order = sorted_order(keys)
        keys, falls = keys[order], np.diff(time[order]) < 0
        if (falls & (keys[1:] == keys[:-1])).any():  # a late line: by time, then
            order = order[np.lexsort((time[order], keys))]
        return Ratings(u, i, rating, time)[order]

    def _watches(
        self, users: Vocabulary, user: NDArray[np.int64], i: NDArray[np.int32], *rest: NDArray[Any]
    ) -> Watches:
        u = users.index(user)
        return Watches(u, i, *rest)[sorted_order(self._keys(u, i))]

    def _keys(self, u: NDArray[np.int32], i: NDArray[np.int32]) -> NDArray[np.int64]:
        return u * np.int64(len(self.movies)) + i

    def rating_times(self) -> Iterator[NDArray[np.int64]]:
        """The times of each day's last ratings."""
        for day in self.days:
            part = self._part(day, slice(None), slice(None))
            yield part.rated_at[~np.isnan(part.rating)]
            release(vars(day).values())


def joined(of_days: Sequence[Columns]) -> Columns:
    """Columns of all days from those of each."""
    return [np.concatenate(column) for column in zip(*of_days, strict=True)]
