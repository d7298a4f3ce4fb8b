"""SVD, after Koren (2008) and Funk, as Surprise 1.1.5 fits it.

    r̂_ui = μ + b_u + b_i + q_iᵀ p_u

Each rating r_ui in turn, with e = r_ui − r̂_ui:

    b_u ← b_u + γ (e − λ b_u)          p_u ← p_u + γ (e q_i − λ p_u)
    b_i ← b_i + γ (e − λ b_i)          q_i ← q_i + γ (e p_u − λ q_i)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.models.kernels import descent
from movierec.models.kernels.lanes import align_stack, dot, exchange, kernel, load, prefetch, store
from movierec.models.kernels.normal import normals
from movierec.models.model import Factors, OnEpoch
from movierec.params import SVD

AHEAD = 16
"""Ratings before its turn, a movie's row is asked for."""


@dataclass(frozen=True)
class SVDModel(Factors):
    """A fitted SVD."""

    @property
    def kind(self) -> str:
        """See Model.kind."""
        return "svd"


def fit(
    train: sparse.csr_array,
    hyper: SVD,
    *,
    scale: tuple[float, float],
    dtype: str = "float32",
    on_epoch: OnEpoch | None = None,
) -> SVDModel:
    """Fit to `train`, (n_users, n_movies): users in row order, their ratings as they are stored.

    With rows and columns in order of first appearance, and indices in the order of the ratings
    (not sorted), these are Surprise's updates in Surprise's order. Raises BadInput without
    ratings and LimitExceeded when training diverges.
    """
    descent.check(train, hyper)
    scalar, k = np.dtype(dtype), hyper.n_factors
    n_users, n_movies = train.shape
    start = normals(hyper.seed, hyper.init_mean, hyper.init_std_dev, (n_users + n_movies) * k)
    start = start.reshape(-1, k)
    P = descent.rows(scalar, start[:n_users], 1, "p")
    Q = descent.rows(scalar, start[n_users:], 0, "q")
    del start
    mean, indptr, indices, ratings = descent.observed(train, scalar)

    def sweep(epoch: int) -> float:
        return _sweep(indptr, indices, ratings, descent.steps(scalar, hyper, epoch), P, Q)

    def model() -> SVDModel:
        return SVDModel(scale, mean, *descent.factors(train, P["p"], Q["q"], k), hyper)

    descent.descend("svd", hyper, train.nnz, sweep, model, on_epoch)
    return model()


@kernel
def _sweep(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    ratings: NDArray[Any],
    steps: descent.Rows,
    P: descent.Rows,
    Q: descent.Rows,
) -> float:
    """One pass over the ratings, given less μ. Returns Σ e²."""
    align_stack()
    last = len(indices) - 1
    squares = 0.0
    for u in range(len(indptr) - 1):
        prefetch(P, u + 1)
        p = load(P, u, "p")
        for k in range(indptr[u], indptr[u + 1]):
            i = indices[k]
            prefetch(Q, indices[min(k + AHEAD, last)])
            e = ratings[k] - dot(load(Q, i, "q"), p)
            p = exchange(Q, i, "q", p, "p", steps, e)
            squares += e * e
        store(P, u, "p", p)
    return squares
