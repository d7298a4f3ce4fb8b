"""SVD's steps (see `movierec.models.svd`), one pass over the ratings after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.models.kernels import descent
from movierec.models.kernels.cache import kernel
from movierec.models.kernels.lanes import Rows, align_stack, dot, exchange, load, prefetch, store
from movierec.models.kernels.normal import normals
from movierec.models.members import alone
from movierec.models.model import OnEpoch
from movierec.models.svd import SVD, SVDModel

AHEAD = 16
"""Ratings before its turn, a movie's row is asked for."""


def fit(
    train: sparse.csr_array,
    hyper: SVD,
    *,
    watched: sparse.csr_array | None = None,
    weights: NDArray[np.float32] | None = None,
    scale: tuple[float, float],
    dtype: str = "float32",
    on_epoch: OnEpoch | None = None,
) -> SVDModel:
    """Fit to `train`, (n_users, n_movies): users in row order, their ratings as they are stored.

    With rows and columns in order of first appearance, and indices in the order of the ratings
    (not sorted), these are Surprise's updates in Surprise's order. SVD has no use for `watched`.
    `weights`, (n_users,), say how much each user teaches (`descent.Weights`); None is 1 each.
    Raises BadInput without ratings and LimitExceeded when training diverges.
    """
    descent.check(train)
    scalar, k = np.dtype(dtype), hyper.n_factors
    n_users, n_movies = train.shape
    taught = descent.Weights.of(weights, n_users)
    mean, indptr, indices, ratings = descent.observed(train, taught, scalar)

    def member(own: SVD) -> descent.Member[SVDModel]:
        start = normals(own.seed, own.init_mean, own.init_std_dev, (n_users + n_movies) * k)
        start = start.reshape(-1, k)
        P = descent.rows(scalar, start[:n_users], 1, "p")
        Q = descent.rows(scalar, start[n_users:], 0, "q")

        def sweep(epoch: int) -> float:
            steps = descent.steps(scalar, own, epoch, taught.values)
            return _sweep(indptr, indices, ratings, steps, taught.level, P, Q)

        def model() -> SVDModel:
            shared = descent.factors(train, P["p"], Q["q"], k)
            return SVDModel(scale=scale, hyper=own, mean=mean, **shared)

        return descent.Member(sweep, model)

    members = [member(own) for own in alone(hyper)]
    return descent.descend("svd", hyper, train.nnz, members, on_epoch)


@kernel
def _sweep(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    ratings: NDArray[Any],
    steps: Rows,
    level: NDArray[np.int64],
    P: Rows,
    Q: Rows,
) -> float:
    """One pass over the ratings, given less μ. Returns Σ e²."""
    align_stack()
    last = len(indices) - 1
    squares = 0.0
    for u in range(len(indptr) - 1):
        prefetch(P, u + 1)
        p, own = load(P, u, "p"), level[u]
        for k in range(indptr[u], indptr[u + 1]):
            i = indices[k]
            prefetch(Q, indices[min(k + AHEAD, last)])
            e = ratings[k] - dot(load(Q, i, "q"), p)
            p = exchange(Q, i, "q", p, "p", steps, own, e)
            squares += e * e
        store(P, u, "p", p)
    return squares
