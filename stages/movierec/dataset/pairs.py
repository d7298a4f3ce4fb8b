"""Events of (user, movie) pairs as columns: what the window gives and the split divides."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.vocabulary import lookup


@dataclass(frozen=True)
class Ratings:
    """Rating events, sorted by (u, i) and then in the order of time and log."""

    u: NDArray[np.int32]
    i: NDArray[np.int32]
    rating: NDArray[np.float32]
    time: NDArray[np.int64]

    def __getitem__(self, rows: NDArray[Any]) -> "Ratings":
        return Ratings(self.u[rows], self.i[rows], self.rating[rows], self.time[rows])

    def last(self) -> "Ratings":
        """The last event of each pair."""
        if len(self.u) == 0:
            return self
        return self[np.r_[(np.diff(self.u) != 0) | (np.diff(self.i) != 0), True]]


@dataclass(frozen=True)
class Watches:
    """Watches of a day each, sorted by (u, i)."""

    u: NDArray[np.int32]
    i: NDArray[np.int32]
    minutes: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __getitem__(self, rows: NDArray[Any]) -> "Watches":
        return Watches(
            *(getattr(self, name)[rows] for name in ("u", "i", "minutes", "first", "last"))
        )

    def total(self) -> "Pairs":
        """Minutes of each pair, over all days."""
        if len(self.u) == 0:
            return Pairs(self.u, self.i, self.minutes.astype(np.float32), self.first)
        starts = np.flatnonzero(np.r_[True, (np.diff(self.u) != 0) | (np.diff(self.i) != 0)])
        minutes = np.add.reduceat(self.minutes, starts)
        first = np.minimum.reduceat(self.first, starts)
        return Pairs(self.u[starts], self.i[starts], minutes.astype(np.float32), first)


@dataclass(frozen=True)
class Pairs:
    """Distinct pairs sorted by (u, i), each with a value and a time (nanoseconds): when it was
    rated, or first watched."""

    u: NDArray[np.int32]
    i: NDArray[np.int32]
    value: NDArray[np.float32]
    time: NDArray[np.int64]

    def __getitem__(self, rows: NDArray[Any]) -> "Pairs":
        return Pairs(self.u[rows], self.i[rows], self.value[rows], self.time[rows])

    def hold(self, asked: "Pairs") -> NDArray[np.bool_]:
        """Whether each of `asked` is one of these."""
        keys, wanted = (p.u.astype(np.int64) << 32 | p.i for p in (self, asked))
        return lookup(keys, wanted) >= 0

    @classmethod
    def of(cls, ratings: Ratings) -> "Pairs":
        """The pairs of rating events that are distinct."""
        return cls(ratings.u, ratings.i, ratings.rating, ratings.time)
