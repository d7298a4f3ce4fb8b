"""Movies that some accounts look as if they meant to move, and those accounts.

Of the n who gave a movie an end of the scale, k are among the oddest users by some mark. With p
their share among those who gave it to other movies as popular,

    z = (k − n p) / √(n p (1 − p))

says how much more that is than chance brings. Ends that the movie's other ratings do not lead one
to expect (`divided`) tell of it too; where both do, their z count together, (z₁ + z₂) / √2.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.sums import added, counted, parts, picked, quantiles
from movierec.mapped import release

Floats = NDArray[np.float64]

ODDEST = (0.01, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4)
"""Shares of all users, by how odd they are."""
MARGIN, FLOOR, STEADY = 1.25, 0.002, 20.0
"""p, of STEADY more that are like all, counts MARGIN times and FLOOR more: movies differ by more
than chance."""
COST = 6.0
"""More suspects are taken in while that many are meant for one who is in it by chance."""
BOTH = 2.5
"""From this z on, two signs count together."""
GROUPS = 20
"""Of movies that are rated alike, but for the ends."""


class Ratings(NamedTuple):
    """n ratings of distinct pairs."""

    u: NDArray[Any]
    i: NDArray[Any]
    rating: NDArray[Any]
    time: NDArray[np.int64]
    """Nanoseconds since 1970."""
    watched: NDArray[np.bool_]
    """Whether the pair was watched too."""


class Limits(NamedTuple):
    """What makes a finding: the least z, and how many accounts more than chance brings."""

    z: float
    accounts: int


class Finding(NamedTuple):
    """A movie that is a target, it seems."""

    movie: int
    """Column."""
    side: str
    """push or nuke."""
    sign: str
    """What its raters have in common: a mark, or burst."""
    z: float
    expected: float
    """So many of them may be there by chance."""
    users: NDArray[Any]
    """Rows."""


class _Ends(NamedTuple):
    """Ratings at one end of the scale, and what each movie has of them."""

    u: NDArray[Any]
    i: NDArray[Any]
    n: Floats
    """(n_movies,) how many."""
    alike: NDArray[Any]
    """(n_movies,) the group of as popular movies: 1, 2 to 3, 4 to 7 … raters."""
    split: Floats
    """(n_movies,) z of `divided`."""
    unmeant: Floats
    """(n_movies,) how many of the n are expected by it."""


def companies(
    ratings: Ratings,
    at_end: NDArray[np.bool_],
    side: str,
    marks: Mapping[str, Floats],
    n_movies: int,
    limits: Limits,
) -> list[Finding]:
    """Movies to which more odd users gave that end than chance brings: one finding a mark.
    `marks` are (n_users,) each, larger for odder users."""
    u, i = (picked(column, at_end) for column in (ratings.u, ratings.i))
    n = counted(i, n_movies).astype(np.float64)
    popularity = counted(ratings.i, n_movies)
    alike = np.frexp(np.maximum(popularity, 1))[1]
    ends = _Ends(u, i, n, alike, *divided(ratings, at_end, n_movies))
    found: list[Finding] = []
    for sign, mark in marks.items():
        # A rater of ends is half of what divides a movie's raters: no second witness.
        best = _best(ends, mark, limits, whole=sign != "ends")
        raters = _raters(ends, sorted(best))
        for movie, (_, z, expected, who) in best.items():
            users = raters[movie][who[raters[movie]]]
            found.append(Finding(movie, side, sign, z, expected, users))
    return found


def _raters(ends: _Ends, movies: list[int]) -> dict[int, NDArray[Any]]:
    """Who gave the end to each of `movies`, which ascend."""
    rows = np.flatnonzero(np.isin(ends.i, movies))
    rows = rows[np.argsort(ends.i[rows], kind="stable")]
    bounds = np.searchsorted(ends.i[rows], movies)[1:]
    return dict(zip(movies, np.split(ends.u[rows], bounds), strict=False))


_Company = tuple[float, float, float, NDArray[np.bool_]]
"""What it is worth, its z, how many may be in it by chance, and whether each user may be."""


def _best(ends: _Ends, mark: Floats, limits: Limits, whole: bool) -> dict[int, _Company]:
    """movie → its best company, for the movies that have one. `whole`: of a movie that is divided,
    too, all who gave it the end may be one."""
    best: dict[int, _Company] = {}
    anybody = np.ones(len(mark), bool)
    for chosen in _oddest(mark):
        k, over, z, expected = _surprise(ends, chosen)
        both = (z >= BOTH) & (ends.split >= BOTH)
        z = np.where(both, np.maximum(z, (z + ends.split) / np.sqrt(2.0)), z)
        gain, all_gain = k - COST * expected, ends.n - COST * ends.unmeant
        takes_all = (ends.split >= limits.z) & (all_gain > gain) & whole
        gain = np.where(takes_all, all_gain, gain)
        for movie in np.flatnonzero(
            (z >= limits.z) & (over >= limits.accounts) & (gain > 0)
        ).tolist():
            if movie not in best or gain[movie] > best[movie][0]:
                by_chance, who = (ends.unmeant, anybody) if takes_all[movie] else (expected, chosen)
                best[movie] = float(gain[movie]), float(z[movie]), float(by_chance[movie]), who
    return best


def _oddest(mark: Floats) -> list[NDArray[np.bool_]]:
    """Whether each user is of the oddest, for each share that is asked for."""
    ascending = np.sort(mark)
    return [mark > ascending[int((1 - share) * (len(mark) - 1))] for share in ODDEST]


def _surprise(ends: _Ends, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, Floats]:
    """(k, how many more that is than chance brings, z, how many of the k are there by chance) of
    each movie."""
    k = counted(ends.i[chosen[ends.u]], len(ends.n)).astype(np.float64)
    p = _share(k, ends.n, ends.alike, float(np.sum(k)) / max(float(np.sum(ends.n)), 1))
    p = np.clip(MARGIN * p + FLOOR, 0.0, 0.95)
    over = k - ends.n * p
    return k, over, over / np.sqrt(ends.n * p * (1 - p) + 1e-9), (ends.n - k) * p / (1 - p)


def _share(k: Floats, n: Floats, group: NDArray[Any], overall: float) -> Floats:
    """k / n of the group of each, without itself, drawn to `overall` where that is little."""
    rest_k, rest_n = (np.bincount(group, values)[group] - values for values in (k, n))
    share: Floats = (rest_k + STEADY * overall) / (rest_n + STEADY)
    return share


def divided(ratings: Ratings, at_end: NDArray[np.bool_], n_movies: int) -> tuple[Floats, Floats]:
    """(z, how many are expected) of ratings at an end, beside movies whose others have as high a
    mean. Divided opinions there are, too: z is in units of what is usual."""
    count, others = counted(ratings.i, n_movies), ~at_end
    n, k = count.astype(np.float64), counted(picked(ratings.i, at_end), n_movies).astype(np.float64)
    all_mean = float(np.mean(picked(ratings.rating, others))) if others.any() else 0.0
    sums = np.zeros(n_movies)
    for part in parts(len(others)):
        sums = added(sums, *(c[part][others[part]] for c in (ratings.i, ratings.rating)))
        release([ratings.i, ratings.rating])
    mean = (sums + 2 * all_mean) / (n - k + 2)
    borders = quantiles(mean, count, np.linspace(0, 1, GROUPS + 1)[1:-1])
    p = _share(k, n, np.searchsorted(borders, mean), float(np.mean(at_end)))
    p = np.clip(MARGIN * p + 5 * FLOOR, 0.0, 0.95)
    z = (k - n * p) / np.sqrt(n * p * (1 - p) + 1e-9)
    rated = z[n >= STEADY / 2]
    usual = 1.4826 * float(np.median(np.abs(rated - np.median(rated)))) if len(rated) else 1.0
    return z / max(usual, 1.0), (n - k) * p / (1 - p)
