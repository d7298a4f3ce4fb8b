"""Lists of many users by what a `Ranker` ranks by: those that each of them is answered with.

Users are alike, and few movies are taken up often. So most movies are out of the question at once,
by Cauchy and Schwarz, with c the mean of some users' z and d that of their w:

    r̂_ui = μ + b_u + b_i + z_u·q_i ≤ μ + b_u + b_i + c·q_i + |z_u − c| |q_i|
    x_ui = w_u·h_i ≤ d·h_i + |w_u − d| |h_i|
    s_ui ≤ (max(0, x_ui) + ε n_i/n) · trend_i
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.lanes import row_type
from movierec.models.kernels.topn import (
    NOBODY,
    TILE,
    Rated,
    Room,
    Seen,
    Taken,
    by_rating,
    by_uptake,
    in_lanes,
    largest,
    tiled,
)
from movierec.models.model import Floats, Ints
from movierec.models.svd import SVDModel
from movierec.models.uptake import UptakeModel

SLACK = 4
"""Roundings by which a sum may be off, for each of its terms: one of the product, one of the sum,
and as many to be safe. OWN terms more stand for those of a bound itself."""
OWN = 10
LEAST = 1e-30
"""What each bound is higher by: near it and below, products lose digits, down to zero."""


class Lists(NamedTuple):
    """(users, k) movies, best first, of each order that there is; NOBODY fills short ones."""

    best: NDArray[np.int32]
    """By what the ranker ranks by."""
    by_rating: NDArray[np.int32] | None = None
    """By each part of that alone, where there are two."""
    by_uptake: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Bound:
    """a·b_i ≤ middle_i + |a − c| size_i, for any a, with all that is rounded on either side."""

    c: NDArray[np.float64]
    off: float
    """The share of Σ |a_f| |b_f| by which a sum may be rounded up."""
    middle: NDArray[np.float64]
    """(n_movies,), as `size`."""
    size: NDArray[np.float64]
    usual: float
    """Of |a − c|."""

    @classmethod
    def of(cls, some: Floats, b: Floats) -> "Bound":
        """For the columns of b, (factors, n_movies), near `some` a, (at least one, factors). Sums
        are taken in b's dtype."""
        off = float(SLACK * (len(b) + OWN) * np.finfo(b.dtype).eps)
        c, size = some.mean(axis=0, dtype=np.float64), lengths(b)
        middle = np.einsum("f,fi->i", c, b) + off * lengths(c[:, None]) * size + LEAST
        return cls(c, off, middle, size * (1 + off), float(lengths((some - c).T).mean()))

    def far(self, rows: Floats) -> NDArray[np.float64]:
        """(n,) |a − c| of (n, factors)."""
        return lengths((rows - self.c).T)

    def most(self, rows: Floats) -> float:
        """What no |a·b_i| exceeds, nor any part of its sum."""
        return float(lengths(rows.T).max()) * float(self.size.max(initial=0))


class Lister:
    """A ranker whose r̂ is a sum of terms, made ready to list for many.

    `some` of its users, at least one, tell around what to bound; lists do not depend on it.
    """

    def __init__(self, model: SVDModel, uptake: UptakeModel | None, some: Ints) -> None:
        self.model, self.uptake = model, uptake
        self.rating = Bound.of(model.weights(some)[:, 2:], model.terms[2:])
        self.rated = _rated(model, self.rating)
        if uptake is not None:
            self.taking = Bound.of(uptake.user[some], uptake.movie)
            self.taken = _taken(model, uptake, self.taking)

    def lists(self, users: Ints, seen: Seen, k: int) -> Lists | None:
        """The lists of the rows `users`, at least one; None where a score might not be finite."""
        weights = self.model.weights(users)
        z, base = weights[:, 2:], weights[:, 0]
        beside = float(np.abs(base).max()) + float(np.abs(self.model.terms[1]).max(initial=0))
        if not _holds(beside + self.rating.most(z), weights):
            return None
        best, rating, uptake = (np.full((len(users), k), NOBODY, np.int32) for _ in range(3))
        base, far = base + self.rating.off * np.abs(base), self.rating.far(z)
        if self.uptake is None:
            by_rating(weights, base, far, self.rated, self._room(seen, weights), best)
            return Lists(best)
        w = self.uptake.user[users]
        most, trend = self.taking.most(w), float(np.abs(self.uptake.trend).max(initial=0))
        score = (most + float(np.abs(self.uptake.floor).max(initial=0))) * trend
        if not (_holds(most, w) and _holds(score, weights)):
            return None
        by_rating(weights, base, far, self.rated, self._room(seen, weights), rating)
        rooms = self._room(seen, weights), _sums(w)
        far, scale = self.taking.far(w), self.model.scale
        by_uptake(weights, w, far, scale, self.taken, *rooms, best, uptake)
        return Lists(best, rating, uptake)

    def _room(self, seen: Seen, weights: Floats) -> Room:
        return Room(seen, np.full(self.model.terms.shape[1], -1), *_sums(weights))


def _rated(model: SVDModel, bound: Bound) -> Rated:
    bias = model.terms[1]
    high = bias + bound.off * np.abs(bias) + bound.middle
    order = np.argsort(-(high + bound.usual * bound.size))
    reach = largest(high, order), largest(bound.size, order)
    return Rated(in_lanes(model.terms, order), _who(order), *reach)


def _taken(model: SVDModel, uptake: UptakeModel, bound: Bound) -> Taken:
    trend = uptake.trend.astype(np.float64)
    times = np.abs(trend) * (1 + bound.off)
    high = (np.maximum(bound.middle, 0) + np.abs(uptake.floor)) * times + LEAST
    steep = bound.size * times
    order = np.argsort(-(high + bound.usual * steep))
    return Taken(
        in_lanes(model.terms, order),
        in_lanes(uptake.movie, order),
        _who(order),
        *(tiled(each[None], order)[:, 0] for each in (uptake.floor, trend)),
        *(largest(each, order) for each in (bound.middle, bound.size, high, steep)),
    )


def _who(order: Ints) -> NDArray[np.int32]:
    """(tiles, TILE) the movies of tiles."""
    return tiled(np.arange(len(order), dtype=np.int32)[None], order, NOBODY)[:, 0]


def _sums(like: Floats) -> tuple[NDArray[Any], Floats]:
    """Room for the sums of a tile, as one row of `lanes` and as numbers."""
    sums = np.zeros(1, row_type(like.dtype, TILE, "x"))
    return sums, sums["x"][0]


def lengths(columns: Floats) -> NDArray[np.float64]:
    """(n,) of the columns of (factors, n)."""
    with np.errstate(over="ignore"):  # a length without end is looked at
        squares = np.square(columns, dtype=np.float64)
        result: NDArray[np.float64] = np.sqrt(squares.sum(axis=0))
    return result


def _holds(most: float, like: Floats) -> bool:
    """Whether the dtype of an array holds it, and a little more."""
    return bool(2 * most < np.finfo(like.dtype).max)
