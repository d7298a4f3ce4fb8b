"""Rows of the uptake at their minimum: what `UptakeModel.fold_in` does for one user, in the same
order of the same operations, for many. So a stored row has the bits of a folded-in one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import inner, kernel
from movierec.models.kernels.lanes import (
    Twice,
    align_stack,
    load,
    row_type,
    spread,
    store,
    width,
)
from movierec.models.kernels.sharing import Work, parts_of, share_out
from movierec.models.kernels.vectors import LANES
from movierec.models.uptake import FEW, UptakeModel


def fill(
    uptake: UptakeModel, N: tuple[NDArray[np.int64], NDArray[np.int32]], threads: int = 1
) -> None:
    """Set the rows of `uptake` to those of N, (indptr, indices), distinct and ascending.
    `threads` changes no bit."""
    hyper, (k, n_movies) = uptake.hyper, uptake.movie.shape
    own = hyper.reg * np.sqrt(np.arange(n_movies + 1) + hyper.unobserved * n_movies)
    kind = row_type(uptake.movie.dtype, width(k), "x")
    movies = np.zeros(n_movies, kind)
    movies["x"][:, :k] = uptake.movie.T
    D = hyper.unobserved * uptake.energy.astype(np.float64)
    indptr = N[0][: len(uptake.user) + 1]

    def enter() -> Work:
        sums = np.zeros(k + 1, kind)
        of_few, of_many = _system(kind, FEW + k, FEW), _system(kind, k, k)
        shared = (movies, movies["x"]), D, own, FEW, (sums, sums["x"]), of_few, of_many

        def do(first: int, end: int) -> None:
            _fill(indptr[first:], N[1], *shared, uptake.user[first:end])

        return do

    share_out(parts_of(indptr), enter, threads)


def _system(kind: np.dtype[Any], rows: int, unknowns: int) -> Twice:
    """Room for `rows` linear equations: of so many unknowns and a right side, in whole vectors."""
    scalar = kind["x"].base
    room = np.zeros(rows * (width(unknowns + 1) // LANES), row_type(scalar, LANES, "x"))
    return room, room.view(scalar)


@kernel
def _fill(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    movies: Twice,
    shared: NDArray[np.float64],
    own: NDArray[np.float64],
    few: int,
    sums: Twice,
    of_few: Twice,
    of_many: Twice,
    W: NDArray[Any],
) -> None:
    """D of somebody with n movies is `shared` + own[n]; `sums` is room for a row a factor and one
    more."""
    align_stack()
    k = W.shape[1]
    D = np.empty(k, W.dtype)
    for u in range(len(W)):
        N = indices[indptr[u] : indptr[u + 1]]
        n = len(N)
        for f in range(k):
            D[f] = shared[f] + own[n]
        if n <= few:
            _few(N, movies, D, sums, of_few, W[u])
        else:
            _many(N, movies, D, sums, of_many, W[u])


@inner
def _few(
    N: NDArray[np.int32], movies: Twice, D: NDArray[Any], sums: Twice, room: Twice, w: NDArray[Any]
) -> None:
    """w ← D⁻¹ B (1 + Bᵀ D⁻¹ B)⁻¹ 1, B with one column a movie; it stands behind the
    equations."""
    (T, flat), (rows, factors), (vector, flat_vector) = room, movies, sums
    n, k = len(N), len(w)
    parts = n // LANES + 1
    wide = parts * LANES
    none, nothing = load(T, 0, "x"), load(vector, 0, "x")
    none, nothing = spread(none, w.dtype.type(0)), spread(nothing, w.dtype.type(0))
    for row in range((n + k) * parts):
        store(T, row, "x", none)
    for j in range(n):
        for f in range(k):
            flat[(n + f) * wide + j] = factors[N[j], f]
    for f in range(k):
        for i in range(n):
            left = flat[(n + f) * wide + i] / D[f]
            for b in range(parts):
                added = left * load(T, (n + f) * parts + b, "x")
                store(T, i * parts + b, "x", load(T, i * parts + b, "x") + added)
    for i in range(n):
        flat[i * wide + i] += w.dtype.type(1)
        flat[i * wide + n] = 1
    _eliminate(n, room)
    row = nothing
    for j in range(n):
        row = row + flat[j * wide + n] * load(rows, N[j], "x")
    store(vector, 0, "x", row)
    for f in range(k):
        w[f] = flat_vector[0, f] / D[f]


@inner
def _many(
    N: NDArray[np.int32], movies: Twice, D: NDArray[Any], sums: Twice, room: Twice, w: NDArray[Any]
) -> None:
    """w ← (Bᵀ B + D)⁻¹ Bᵀ 1, B with one row a movie. Each sum stays in registers: products and
    additions are rounded one by one, as numpy rounds them."""
    (_, flat), (rows, factors), (vectors, flat_vectors) = room, movies, sums
    k = len(w)
    wide = (k // LANES + 1) * LANES
    nothing = spread(load(vectors, 0, "x"), w.dtype.type(0))
    total = nothing
    for j in N:
        total = total + load(rows, j, "x")
    store(vectors, k, "x", total)
    for f in range(k):
        row = nothing
        for j in N:
            row = row + factors[j, f] * load(rows, j, "x")
        store(vectors, f, "x", row)
        for g in range(k):
            flat[f * wide + g] = flat_vectors[f, g]
        flat[f * wide + f] += D[f]
        flat[f * wide + k] = flat_vectors[k, f]
    _eliminate(k, room)
    for f in range(k):
        w[f] = flat[f * wide + k]


@inner
def _eliminate(n: int, room: Twice) -> None:
    """[A | b] → [… | A⁻¹ b] of n unknowns, as `uptake.solve` does.

    Whole vectors move: with column j + 1 also those before it in its vector, which nobody reads
    any more.
    """
    T, flat = room
    parts = n // LANES + 1
    wide = parts * LANES
    for j in range(n):
        pivot = flat[j * wide + j]
        for column in range(j + 1, n + 1):
            flat[j * wide + column] /= pivot
        for i in range(j + 1, n):
            left = -flat[i * wide + j]
            for b in range((j + 1) // LANES, parts):
                moved = left * load(T, j * parts + b, "x")
                store(T, i * parts + b, "x", load(T, i * parts + b, "x") + moved)
    for j in range(n - 1, 0, -1):
        for i in range(j):
            flat[i * wide + n] -= flat[i * wide + j] * flat[j * wide + n]
