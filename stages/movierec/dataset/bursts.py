"""Movies that many gave an end of the scale at once.

A burst is told by its hour alone: more ends than the days around it bring.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import grouped
from movierec.dataset.sums import counted, parts, picked
from movierec.dataset.targets import STEADY, Finding, Limits, Ratings
from movierec.mapped import release
from movierec.times import SECOND

BURST = "burst"
"""The sign of such a finding."""
WINDOW, AROUND = 3_600, 3 * 86_400
"""Seconds of a burst, and before and after it, which tell how busy the movie is."""
MOST = 1 << 22
"""Ratings that are sorted at a time, but for those of one movie."""
BUSY = 3.0
"""How much busier than those days an hour may be."""


class _Usual(NamedTuple):
    """Of all ratings."""

    first: int
    """The earliest time, from which seconds are counted."""
    share: float
    """How many are at the end."""


def bursts(
    ratings: Ratings, at_end: NDArray[np.bool_], side: str, n_movies: int, limits: Limits
) -> list[Finding]:
    """Movies with more ends within an hour than the days around it explain, of which there are more
    among the hour's ratings than among the movie's others: else it is a premiere.

    They are looked at one by one, so some of them at a time: as many as have MOST ratings.
    """
    held = np.concatenate([[0], np.cumsum(counted(ratings.i, n_movies))])
    usual, found = _Usual(_first(ratings.time), float(np.mean(at_end))), list[Finding]()
    for first, end in grouped(held, MOST):
        if held[first] < held[end]:
            some = _of_movies(ratings, at_end, first, end)
            found += _bursts(*some, usual, side, n_movies, limits)
    return found


def _first(time: NDArray[np.int64]) -> int:
    first = np.iinfo(np.int64).max
    for part in parts(len(time)):
        first = min(first, int(time[part].min()))
        release([time])
    return first


def _of_movies(
    ratings: Ratings, at_end: NDArray[np.bool_], first: int, end: int
) -> tuple[Ratings, NDArray[np.bool_]]:
    """The ratings of the movies first … end − 1, and which are at the end."""
    inside = np.empty(len(ratings.i), bool)
    for part in parts(len(inside)):
        i = ratings.i[part]
        inside[part] = (i >= first) & (i < end)
        release([ratings.i])
    return Ratings(*(picked(column, inside) for column in ratings)), at_end[inside]


def _bursts(
    ratings: Ratings,
    at_end: NDArray[np.bool_],
    usual: _Usual,
    side: str,
    n_movies: int,
    limits: Limits,
) -> list[Finding]:
    """`bursts` of all ratings of some movies."""
    time = (ratings.time - usual.first) // SECOND
    key = ratings.i.astype(np.int64) * (int(time.max()) + 2 * AROUND) + time
    every, order = np.sort(key), np.argsort(key[at_end], kind="stable")
    u, i, key = (column[at_end][order] for column in (ratings.u, ratings.i, key))
    first, last = np.searchsorted(key, key), np.searchsorted(key, key + WINDOW)
    count = (last - first).astype(np.float64)
    days = np.searchsorted(key, key + AROUND) - np.searchsorted(key, key - AROUND)
    chance = 1.0 + BUSY * np.maximum(days - count, 0) * (WINDOW / (2 * AROUND))
    z = (count - chance) / np.sqrt(chance)
    row = np.flatnonzero((z >= limits.z) & (count - chance >= limits.accounts))
    hour = np.searchsorted(every, key[row] + WINDOW) - np.searchsorted(every, key[row])
    ends, rated = (np.bincount(movies, minlength=n_movies)[i[row]] for movies in (i, ratings.i))
    expected = (ends - count[row] + STEADY * usual.share) / (rated - hour + STEADY)
    deviation = np.sqrt(hour * expected * (1 - expected) + 1e-9)
    others = (count[row] - hour * expected) / deviation
    best: dict[int, Finding] = {}
    for r in row[others >= limits.z / 2].tolist():
        movie = int(i[r])
        if movie not in best or z[r] > best[movie].z:
            users = u[first[r] : last[r]]
            best[movie] = Finding(movie, side, BURST, float(z[r]), float(chance[r]), users)
    return list(best.values())
