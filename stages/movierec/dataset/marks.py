"""What is odd about each user, in marks: the larger, the odder."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.sums import counted, pairwise, parts, ranked, summed
from movierec.dataset.targets import Floats, Ratings
from movierec.mapped import release

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
    u, i, n = ratings.u, ratings.i, len(ratings.u)
    popularity, count = counted(i, n_movies), np.maximum(counted(u, n_users), 1)
    x = _logarithms(popularity)

    def logarithms(part: slice) -> Floats:
        of: Floats = x[i[part]]
        release([i])
        return of

    mean, total = summed(u, logarithms, n_users) / count, float(pairwise(0, n, logarithms)) / n

    def squares(part: slice) -> Floats:
        of: Floats = np.square(logarithms(part) - mean[u[part]])
        release([u])
        return of

    within = float(pairwise(0, n, squares)) / max(n - n_users, 1)
    among = float(np.average(np.square(mean - total), weights=count))
    yield "choice", (total - mean) / np.sqrt(among + within / count + 1e-9)
    least = ranked(popularity, popularity, int(RARE * n))
    rare = popularity <= least
    yield "rare", more(lambda part: rare[i[part]], u, n_users)
    if 0.5 < np.mean(ratings.watched) < 1:
        yield "unwatched", more(lambda part: ~ratings.watched[part], u, n_users)


def more(which: Callable[[slice], NDArray[np.bool_]], u: NDArray[Any], n_users: int) -> Floats:
    """(n_users,) by how many standard deviations more of a user's ratings are so than expected;
    `which` says it of some of them. Users differ, too, by half of what is expected of them."""
    count, so = counted(u, n_users), np.zeros(n_users, np.int64)
    for part in parts(len(u)):
        so += np.bincount(u[part][which(part)], minlength=n_users)
        release([u])
    share = (float(so.sum()) + 1) / (len(u) + 20)
    expected = count * share
    deviation = np.sqrt(expected * (1 - share) + np.square(expected / 2) + 1e-9)
    marks: Floats = (so - expected) / deviation
    return marks


def _logarithms(counts: NDArray[Any]) -> Floats:
    """log₂, between powers of two along a straight line: `log` has not the same bits everywhere."""
    mantissa, exponent = np.frexp(np.maximum(counts, 1).astype(np.float64))
    logarithms: Floats = exponent + 2.0 * mantissa - 2.0
    return logarithms
