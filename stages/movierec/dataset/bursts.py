"""Movies that many gave an end of the scale at once.

A burst is told by its hour alone: more ends than the days around it bring.
"""

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.targets import STEADY, Finding, Limits, Ratings
from movierec.times import SECOND

BURST = "burst"
"""The sign of such a finding."""
WINDOW, AROUND = 3_600, 3 * 86_400
"""Seconds of a burst, and before and after it, which tell how busy the movie is."""
BUSY = 3.0
"""How much busier than those days an hour may be."""


def bursts(
    ratings: Ratings, at_end: NDArray[np.bool_], side: str, n_movies: int, limits: Limits
) -> list[Finding]:
    """Movies with more ends within an hour than the days around it explain, of which there are more
    among the hour's ratings than among the movie's others: else it is a premiere."""
    time = (ratings.time - ratings.time.min()) // SECOND
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
    usual = (ends - count[row] + STEADY * float(np.mean(at_end))) / (rated - hour + STEADY)
    others = (count[row] - hour * usual) / np.sqrt(hour * usual * (1 - usual) + 1e-9)
    best: dict[int, Finding] = {}
    for r in row[others >= limits.z / 2].tolist():
        movie = int(i[r])
        if movie not in best or z[r] > best[movie].z:
            users = u[first[r] : last[r]]
            best[movie] = Finding(movie, side, BURST, float(z[r]), float(chance[r]), users)
    return list(best.values())
