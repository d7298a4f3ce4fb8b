"""Rows of the uptake at their minimum: what `UptakeModel.fold_in` does for one user, in the same
order of the same operations, for many. So a stored row has the bits of a folded-in one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel
from movierec.models.uptake import FEW, UptakeModel


def fill(uptake: UptakeModel, N: tuple[NDArray[np.int64], NDArray[np.int32]]) -> None:
    """Set the rows of `uptake` to those of N, (indptr, indices), distinct and ascending."""
    hyper = uptake.hyper
    _fill(*N, uptake.movie, uptake.energy, hyper.unobserved, hyper.reg, FEW, uptake.user)


@kernel
def _fill(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    movie: NDArray[Any],
    energy: NDArray[Any],
    unobserved: float,
    reg: float,
    few: int,
    W: NDArray[Any],
) -> None:
    k, n_movies = movie.shape
    D, large = np.empty(k, movie.dtype), np.empty((k, k + 1), movie.dtype)
    small = np.empty((few, few + 1), movie.dtype)
    for u in range(len(W)):
        N = indices[indptr[u] : indptr[u + 1]]
        n = len(N)
        own = reg * np.sqrt(n + unobserved * n_movies)
        for f in range(k):
            D[f] = unobserved * energy[f] + own
        B = np.empty((n, k), movie.dtype)
        for j in range(n):
            B[j] = movie[:, N[j]]
        if n <= few:
            _few(B, D, small[:n, : n + 1], W[u])
        else:
            _many(B, D, large, W[u])


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
def _many(B: NDArray[Any], D: NDArray[Any], T: NDArray[Any], w: NDArray[Any]) -> None:
    """w ← (Bᵀ B + D)⁻¹ Bᵀ 1."""
    n, k = B.shape
    T[:] = 0
    for j in range(n):
        for f in range(k):
            left = B[j, f]
            for g in range(k):
                T[f, g] += left * B[j, g]
            T[f, k] += left
    for f in range(k):
        T[f, f] += D[f]
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
