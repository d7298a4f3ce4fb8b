"""Rows of the uptake at their minimum: what `UptakeModel.fold_in` does for one user, in the same
order of the same operations, for many. So a stored row has the bits of a folded-in one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel
from movierec.models.kernels.lanes import align_stack, load, row_type, spread, store, width
from movierec.models.kernels.sharing import Work, parts_of, share_out
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
        shared = movies, movies["x"], D, own, FEW, sums, sums["x"]

        def do(first: int, end: int) -> None:
            _fill(indptr[first:], N[1], *shared, uptake.user[first:end])

        return do

    share_out(parts_of(indptr), enter, threads)


@kernel
def _fill(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    movies: NDArray[Any],
    factors: NDArray[Any],
    shared: NDArray[np.float64],
    own: NDArray[np.float64],
    few: int,
    sums: NDArray[Any],
    flat_sums: NDArray[Any],
    W: NDArray[Any],
) -> None:
    """D of somebody with n movies is `shared` + own[n]; the movies' `factors` stand twice, as
    numbers and as rows, and so does room for `_many`."""
    align_stack()
    k = W.shape[1]
    D, large = np.empty(k, W.dtype), np.empty((k, k + 1), W.dtype)
    small = np.empty((few, few + 1), W.dtype)
    for u in range(len(W)):
        N = indices[indptr[u] : indptr[u + 1]]
        n = len(N)
        for f in range(k):
            D[f] = shared[f] + own[n]
        if n <= few:
            B = np.empty((n, k), W.dtype)
            for j in range(n):
                B[j] = factors[N[j], :k]
            _few(B, D, small[:n, : n + 1], W[u])
        else:
            _many(N, movies, factors, D, sums, flat_sums, large, W[u])


@kernel
def _few(B: NDArray[Any], D: NDArray[Any], T: NDArray[Any], w: NDArray[Any]) -> None:
    """w ← D⁻¹ Bᵀ (1 + B D⁻¹ Bᵀ)⁻¹ 1, B with one row a movie."""
    n, k = B.shape
    T[:] = 0
    for f in range(k):
        for i in range(n):
            left = B[i, f] / D[f]
            for j in range(n):
                T[i, j] += left * B[j, f]
    for i in range(n):
        T[i, i] += w.dtype.type(1)
        T[i, n] = 1
    _eliminate(T)
    w[:] = 0
    for j in range(n):
        for f in range(k):
            w[f] += B[j, f] * T[j, n]
    for f in range(k):
        w[f] /= D[f]


@kernel
def _many(
    N: NDArray[np.int32],
    movies: NDArray[Any],
    factors: NDArray[Any],
    D: NDArray[Any],
    sums: NDArray[Any],
    flat_sums: NDArray[Any],
    T: NDArray[Any],
    w: NDArray[Any],
) -> None:
    """w ← (Bᵀ B + D)⁻¹ Bᵀ 1, B with one row a movie. Each sum stays in registers: products and
    additions are rounded one by one, as numpy rounds them."""
    k = len(w)
    nothing = spread(load(sums, 0, "x"), w.dtype.type(0))
    total = nothing
    for j in N:
        total = total + load(movies, j, "x")
    store(sums, k, "x", total)
    for f in range(k):
        row = nothing
        for j in N:
            row = row + factors[j, f] * load(movies, j, "x")
        store(sums, f, "x", row)
        T[f, :k] = flat_sums[f, :k]
        T[f, f] += D[f]
        T[f, k] = flat_sums[k, f]
    _eliminate(T)
    w[:] = T[:, k]


@kernel
def _eliminate(T: NDArray[Any]) -> None:
    """[A | b] → [… | A⁻¹ b], as `uptake.solve` does."""
    n = len(T)
    for j in range(n):
        pivot = T[j, j]
        for column in range(j + 1, n + 1):
            T[j, column] /= pivot
        for i in range(j + 1, n):
            left = T[i, j]
            for column in range(j + 1, n + 1):
                T[i, column] -= left * T[j, column]
    for j in range(n - 1, 0, -1):
        for i in range(j):
            T[i, n] -= T[i, j] * T[j, n]
