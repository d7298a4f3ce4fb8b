"""Fits `movierec.models.uptake`: movies and users in turn by `coordinates`, at last the rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.sums import counted
from movierec.errors import LimitExceeded
from movierec.models.kernels.cache import kernel
from movierec.models.kernels.coordinates import gram, half, rows, support
from movierec.models.kernels.jacobi import eigenvectors
from movierec.models.kernels.minima import fill
from movierec.models.kernels.normal import normals
from movierec.models.uptake import Uptake, UptakeModel

START = 0.1
"""Standard deviation of the movies' first factors."""


def fit(
    N: tuple[NDArray[np.int64], NDArray[np.int32]],
    shape: tuple[int, int],
    hyper: Uptake,
    *,
    trend: NDArray[np.float64],
    weights: NDArray[np.float32] | None = None,
    dtype: str = "float32",
    threads: int = 1,
) -> UptakeModel:
    """Fit to N, (indptr, indices) of what each user watched or rated, distinct and ascending.

    `shape` is (users with a row in the end, movies): all of N count, and those past the first
    shape[0] get no row. A user or a movie of nobody has zeros. The rows are the minima for the
    movies as they are in the end, as for somebody who comes later. `trend` is for `uptake.scores`.
    `weights`, one for each of N, say how much each teaches of movies; None is 1 each. Rows are
    shared out over `threads`, which change no bit.

    Raises LimitExceeded when the weights of `hyper` are too large or too small for the dtype.
    """
    scalar, k, n_users = np.dtype(dtype), hyper.n_factors, len(N[0]) - 1
    n_rows, n_movies = shape
    H, W = rows(scalar, n_movies, k), rows(scalar, n_users, k)
    H["x"][:, :k] = normals(hyper.seed, 0.0, START, n_movies * k).reshape(n_movies, k)
    of, taught = by_movie(N, n_movies), None if weights is None else weights.astype(np.float64)
    with np.errstate(all="ignore"):  # what becomes of it is looked at
        for _ in range(hyper.n_epochs):
            half(N, H, W, hyper, threads=threads)
            half(of, W, H, hyper, taught, threads)
    movie, energy = turned(H["x"][:, :k])
    everyone = n_users if taught is None else float(np.add.accumulate(taught)[-1])
    share = support(of, taught) / max(everyone, 1)
    model = UptakeModel(
        hyper=hyper,
        user=np.zeros((n_rows, k), scalar),
        movie=movie,
        energy=energy,
        share=share.astype(scalar),
        trend=trend.astype(scalar),
    )
    fill(model, N, threads)
    if not all(np.isfinite(array).all() for array in model.arrays().values()):
        raise LimitExceeded(
            f"train.uptake: in {scalar.name} there are no finite numbers for unobserved "
            f"{hyper.unobserved:g} and reg {hyper.reg:g}: set both nearer to 1"
        )
    return model


def by_movie(
    N: tuple[NDArray[np.int64], NDArray[np.int32]], n_movies: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(indptr, indices) of who took up each movie."""
    indptr, users = np.zeros(n_movies + 1, np.int64), np.empty(len(N[1]), np.int32)
    np.cumsum(counted(N[1], n_movies), out=indptr[1:])
    _transpose(*N, indptr[:-1].copy(), users)
    return indptr, users


@kernel
def _transpose(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    place: NDArray[np.int64],
    users: NDArray[np.int32],
) -> None:
    """Set `users` to those of each movie, ascending, from its `place` on."""
    for u in range(len(indptr) - 1):
        for k in range(indptr[u], indptr[u + 1]):
            i = indices[k]
            users[place[i]] = u
            place[i] += 1


def turned(H: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(columns of movies in the eigenvectors of Σ h hᵀ, its diagonal there), in H's dtype."""
    k = H.shape[1]
    wide = rows(np.dtype(np.float64), len(H), k)
    wide["x"][:, :k] = H
    V = eigenvectors(gram(wide)[:k, :k])
    movie = np.ascontiguousarray(_product(H, V).T).astype(H.dtype)
    squares = np.square(movie.astype(np.float64))
    return movie, np.add.accumulate(squares, axis=1)[:, -1].astype(H.dtype)


@kernel
def _product(H: NDArray[Any], V: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) H V."""
    n, k = H.shape
    product = np.zeros((n, k))
    for i in range(n):
        for f in range(k):
            left = np.float64(H[i, f])
            for g in range(k):
                product[i, g] += left * V[f, g]
    return product
