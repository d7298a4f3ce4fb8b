"""The best movies of many users: what `movierec.models.topn` finds for one, without a look at most.

Movies stand in tiles. Where even the bound of a tile lies below the k-th best score so far, none of
it can be in the list, and it is passed over. Whatever is scored is summed as numpy sums it for one
user, term by term with each product and each sum rounded by itself: the same bits, so the same
lists, ties and all. `kernels.ranker` knows the bounds.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import inner, kernel
from movierec.models.kernels.lanes import align_stack, load, row_type, spread, store
from movierec.models.model import Floats, Ints

TILE = 32
"""Movies that are scored at a time."""
NOBODY = -1
"""In the place of a movie: fills the last tile, and lists that are short."""
Tiles = NDArray[Any]
"""(tiles · n,) of a `lanes.row_type` with the field `x`: TILE movies of each of n terms."""


class Seen(NamedTuple):
    """What users must not be shown: row r's are indices[indptr[r] : indptr[r + 1]]."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]


class Rated(NamedTuple):
    """Tiles for r̂, a sum of terms, and its bound base + high + length · size."""

    terms: Tiles
    who: NDArray[np.int32]
    """(tiles, TILE) the movies; NOBODY fills the last."""
    high: NDArray[np.float64]
    """(tiles,) the highest that a user of length 0 may reach."""
    size: NDArray[np.float64]
    """(tiles,) how much more, at most, one of length 1 may."""


class Taken(NamedTuple):
    """Tiles for x, a sum of factors, and for the score that it makes with r̂; their bounds are
    ground + length · size and high + length · steep."""

    terms: Tiles
    """Of r̂."""
    factors: Tiles
    who: NDArray[np.int32]
    floor: NDArray[np.float64]
    """(tiles, TILE), as `trend`."""
    trend: NDArray[np.float64]
    ground: NDArray[np.float64]
    """(tiles,), as the next ones."""
    size: NDArray[np.float64]
    high: NDArray[np.float64]
    steep: NDArray[np.float64]


class Room(NamedTuple):
    """What a walk through tiles works with."""

    seen: Seen
    last: NDArray[np.int64]
    """(n_movies,) who of the users has seen each movie last; at first -1."""
    sums: NDArray[Any]
    """Of a tile, as one row of `lanes` and as (TILE,) numbers."""
    numbers: NDArray[np.float64]


def tiled(rows: Floats, order: Ints, fill: float = 0) -> Floats:
    """(tiles, n, TILE) of (n, n_movies): movies by `order`, the last tile filled with `fill`."""
    n, movies = rows.shape
    tiles = -(-movies // TILE)
    wide = np.full((n, tiles * TILE), fill, rows.dtype)
    wide[:, :movies] = rows[:, order]
    return np.ascontiguousarray(wide.reshape(n, tiles, TILE).swapaxes(0, 1))


def in_lanes(rows: Floats, order: Ints) -> Tiles:
    """The tiles of (n, n_movies), movies by `order`, one row of `lanes` for each of n."""
    tiles = tiled(rows, order)
    return tiles.view(row_type(tiles.dtype, TILE, "x")).ravel()


def largest(values: NDArray[np.float64], order: Ints) -> NDArray[np.float64]:
    """(tiles,) the largest of the values, (n_movies,), in each tile of movies by `order`."""
    most: NDArray[np.float64] = tiled(values[None], order, -np.inf)[:, 0].max(axis=1)
    return most


@kernel
def by_rating(
    weights: NDArray[np.float64],
    base: NDArray[np.float64],
    length: NDArray[np.float64],
    tiles: Rated,
    room: Room,
    lists: NDArray[np.int32],
) -> None:
    """Set `lists`, (users, k) of NOBODY, to the movies of the highest r̂; `weights` of the terms,
    `base` and `length` are one a user."""
    align_stack()
    terms, who, high, size = tiles
    seen, last, sums, estimate = room
    best = np.empty(lists.shape[1])
    for u in range(len(lists)):
        _mark(seen, u, last)
        best[:] = -np.inf
        mine, theirs = lists[u], weights[u]
        for t in range(len(who)):
            if base[u] + high[t] + length[u] * size[t] < best[-1]:
                continue
            _sum(theirs, terms, t, sums)
            for j in range(TILE):
                if estimate[j] >= best[-1] and _is_open(who[t, j], u, last):
                    _put(estimate[j], who[t, j], best, mine)


@kernel
def by_uptake(
    weights: NDArray[np.float64],
    w: Floats,
    length: NDArray[np.float64],
    scale: tuple[float, float],
    tiles: Taken,
    room: Room,
    room_x: tuple[NDArray[Any], Floats],
    lists: NDArray[np.int32],
    alone: NDArray[np.int32],
) -> None:
    """Set `lists` to the movies of the highest score, uptake × liking, and `alone` to those of
    the highest x: see `by_rating`. `room_x` is for the sums of x."""
    align_stack()
    terms, factors, who, floor, trend, ground, size, high, steep = tiles
    seen, last, sums, estimate = room
    sums_x, x = room_x
    best, best_x = np.empty(lists.shape[1]), np.empty(lists.shape[1])
    lowest, highest = scale
    for u in range(len(lists)):
        _mark(seen, u, last)
        best[:] = best_x[:] = -np.inf
        mine, mine_x, theirs, theirs_x = lists[u], alone[u], weights[u], w[u]
        for t in range(len(who)):
            both = high[t] + length[u] * steep[t] >= best[-1]
            if not both and ground[t] + length[u] * size[t] < best_x[-1]:
                continue
            _sum(theirs_x, factors, t, sums_x)
            for j in range(TILE):
                if x[j] >= best_x[-1] and _is_open(who[t, j], u, last):
                    _put(x[j], who[t, j], best_x, mine_x)
            if not both:
                continue
            _sum(theirs, terms, t, sums)
            for j in range(TILE):
                taking = (max(np.float64(x[j]), 0.0) + floor[t, j]) * trend[t, j]
                score = taking * min(max((estimate[j] - lowest) / (highest - lowest), 0.0), 1.0)
                if score >= best[-1] and _is_open(who[t, j], u, last):
                    _put(score, who[t, j], best, mine)


@inner
def _mark(seen: Seen, u: int, last: NDArray[np.int64]) -> None:
    indptr, indices = seen
    for at in range(indptr[u], indptr[u + 1]):
        last[indices[at]] = u


@inner
def _is_open(movie: int, u: int, last: NDArray[np.int64]) -> bool:
    return movie != NOBODY and last[movie] != u


@inner
def _sum(weights: Floats, terms: Tiles, t: int, sums: NDArray[Any]) -> None:
    """sums ← Σ_f weights_f terms_f of tile t, one product added after the other."""
    row = spread(load(sums, 0, "x"), weights.dtype.type(0))
    n = len(weights)
    for f in range(n):
        row = row + weights[f] * load(terms, t * n + f, "x")
    store(sums, 0, "x", row)


@kernel
def _put(score: Any, movie: int, best: NDArray[np.float64], who: NDArray[np.int32]) -> None:
    """Put a movie where it belongs among the best, if it does: ties go to the lower index."""
    at = len(best)
    while at > 0 and (best[at - 1] < score or (best[at - 1] == score and movie < who[at - 1])):
        at -= 1
    for place in range(len(best) - 1, at, -1):
        best[place], who[place] = best[place - 1], who[place - 1]
    if at < len(best):
        best[at], who[at] = score, movie
