"""What is odd about each user, in marks: the larger, the odder."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.targets import Floats, Ratings

RARE = 0.25
"""The share of the ratings that are of rare movies."""


def odd(ratings: Ratings, shape: tuple[int, int]) -> Iterator[tuple[str, Floats]]:
    """(sign, (n_users,) how odd each user is by it), in standard deviations:

    choice      how much less popular, in the mean of logarithms, the rated movies are than others':
                fillers by chance are what nobody knows (DegSim and RDMA see the same)
    rare        how many more of them are of the least popular: a bandwagon hides the mean
    unwatched   how many more of them were never watched, where most are
    """
    n_users, n_movies = shape
    u, popularity = ratings.u, np.bincount(ratings.i, minlength=n_movies)
    count = np.maximum(np.bincount(u, minlength=n_users), 1)
    x = _logarithms(popularity)[ratings.i]
    mean, total = np.bincount(u, x, n_users) / count, float(np.mean(x))
    within = float(np.sum(np.square(x - mean[u]))) / max(len(u) - n_users, 1)
    among = float(np.average(np.square(mean - total), weights=count))
    yield "choice", (total - mean) / np.sqrt(among + within / count + 1e-9)
    least = np.sort(popularity[ratings.i])[int(RARE * len(u))]
    yield "rare", more(popularity[ratings.i] <= least, u, n_users)
    if 0.5 < np.mean(ratings.watched) < 1:
        yield "unwatched", more(~ratings.watched, u, n_users)


def more(which: NDArray[np.bool_], u: NDArray[Any], n_users: int) -> Floats:
    """(n_users,) by how many standard deviations more of a user's ratings are so than expected.
    Users differ, too, by half of what is expected of them."""
    count = np.bincount(u, minlength=n_users)
    share = (float(which.sum()) + 1) / (len(u) + 20)
    expected = count * share
    deviation = np.sqrt(expected * (1 - share) + np.square(expected / 2) + 1e-9)
    marks: Floats = (np.bincount(u, which, n_users) - expected) / deviation
    return marks


def _logarithms(counts: NDArray[Any]) -> Floats:
    """log₂, between powers of two along a straight line: `log` has not the same bits everywhere."""
    mantissa, exponent = np.frexp(np.maximum(counts, 1).astype(np.float64))
    logarithms: Floats = exponent + 2.0 * mantissa - 2.0
    return logarithms
