"""SVD++'s steps (see `movierec.models.svdpp`), in time linear in the ratings.

Each rating in turn moves every y_j of N(u):

    y_j ← y_j + γ (e q_i |N(u)|^-½ − λ y_j)  =  a y_j + c,    a = 1 − γλ,  c = γ e q_i |N(u)|^-½

The same a and c for every j: t such steps are y_j ← aᵗ y_j + C. So carry T = |N(u)|^½ C along,

    T ← a T + γ e q_i        S ← a S + γ e q_i

and write each y_j once, after the ratings of u: y_j ← aᵗ y_j + |N(u)|^-½ T. This is exact,
however N(u) and the rated movies overlap, as long as N(u) names each movie once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.sums import counted
from movierec.models.implicit import rated_or_watched
from movierec.models.kernels import descent
from movierec.models.kernels.cache import kernel
from movierec.models.kernels.lanes import (
    Rows,
    align_stack,
    dot,
    load,
    prefetch,
    scaled,
    spread,
    store,
)
from movierec.models.kernels.normal import normals
from movierec.models.members import alone
from movierec.models.model import Floats, Ints, OnEpoch
from movierec.models.svdpp import SVDpp, SVDppModel

NEAR, FAR = 16, 256
"""How far ahead of their sum a user's movies are asked for: while others are summed, and already
while the user before is trained, one a rating. Summing alone is too quick for the memory."""


def fit(
    train: sparse.csr_array,
    hyper: SVDpp,
    *,
    watched: sparse.csr_array | None = None,
    weights: NDArray[np.float32] | None = None,
    scale: tuple[float, float],
    dtype: str = "float32",
    on_epoch: OnEpoch | None = None,
) -> SVDppModel:
    """Fit to `train` in the order of `svd.fit`. N(u) are the rated movies (the stored columns of
    `train`, which must be distinct), and with `watched`, of the same shape, its columns too.
    `weights` as there.

    Raises BadInput without ratings and LimitExceeded when training diverges.
    """
    descent.check(train)
    scalar, k = np.dtype(dtype), hyper.n_factors
    n_users, n_movies = train.shape
    taught = descent.Weights.of(weights, n_users)
    mean, indptr, indices, ratings = descent.observed(train, taught, scalar)
    N = indptr, indices
    if watched is not None:
        N = rated_or_watched(train, watched)
    known = counted(N[1], n_movies) > 0

    def member(own: SVDpp) -> descent.Member[SVDppModel]:
        start = normals(own.seed, own.init_mean, own.init_std_dev, (n_users + 2 * n_movies) * k)
        start = start.reshape(-1, k)
        P = descent.rows(scalar, start[:n_users], 1, "p")
        M = descent.rows(scalar, start[n_users : n_users + n_movies], 0, "q", "y")
        M["y"][:, :k] = start[n_users + n_movies :]

        def sweep(epoch: int) -> float:
            steps = descent.steps(scalar, own, epoch, taught.values)
            return _sweep(indptr, indices, ratings, *N, steps, taught.level, P, M)

        def model() -> SVDppModel:
            shared = descent.factors(train, P["p"], M["q"], k)
            y = np.ascontiguousarray(np.where(known[:, None], M["y"], 0)[:, :k])
            return SVDppModel(
                scale=scale,
                hyper=own,
                mean=mean,
                watches=watched is not None,
                user_implicit=implicit_sums(*N, y),
                implicit_factors=y,
                **shared,
            )

        return descent.Member(sweep, model)

    members = [member(own) for own in alone(hyper)]
    return descent.descend("svdpp", hyper, train.nnz, members, on_epoch)


@kernel
def _sweep(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    ratings: NDArray[Any],
    N_indptr: NDArray[np.int64],
    N_indices: NDArray[np.int32],
    steps: Rows,
    level: NDArray[np.int64],
    P: Rows,
    M: Rows,
) -> float:
    """One pass over the ratings, given less μ. Returns Σ e²."""
    align_stack()
    keep_p, gain_p = load(steps, 0, "keep_p"), load(steps, 0, "gain_p")
    one = ratings.dtype.type(1.0)
    ones = spread(gain_p, one)
    zero = spread(load(M, 0, "y"), one - one)
    squares = 0.0
    asked = 0  # of N_indices
    for u in range(len(indptr) - 1):
        prefetch(P, u + 1)
        start, stop = indptr[u], indptr[u + 1]
        N_start, N_stop = N_indptr[u], N_indptr[u + 1]
        if start == stop:
            continue
        asked = max(asked, N_start)  # past users without ratings
        norm = ratings.dtype.type(1.0 / np.sqrt(N_stop - N_start))
        S = zero
        for n in range(N_start, N_stop):
            if asked < min(n + NEAR, len(N_indices)):
                prefetch(M, N_indices[asked])
                asked += 1
            S = S + load(M, N_indices[n], "y")
        S = norm * S
        p, T, kept = load(P, u, "p"), zero, ones
        own = level[u]
        keep_q, gain_q = load(steps, own, "keep_q"), load(steps, own, "gain_q")
        keep_y, gain_y = load(steps, own, "keep_y"), load(steps, own, "gain_y")
        for k in range(start, stop):
            i = indices[k]
            if asked < min(N_stop + FAR, len(N_indices)):  # the next users' rows
                prefetch(M, N_indices[asked])
                asked += 1
            q = load(M, i, "q")
            z = p + S
            e = ratings[k] - dot(q, z)
            store(M, i, "q", scaled(keep_q, q) + scaled(e * gain_q, z))
            p = scaled(keep_p, p) + scaled(e * gain_p, q)
            step = scaled(e * gain_y, q)
            S = scaled(keep_y, S) + step
            T = scaled(keep_y, T) + step
            kept = keep_y * kept
            squares += e * e
        store(P, u, "p", p)
        C = norm * T
        for n in range(N_start, N_stop):
            j = N_indices[n]
            store(M, j, "y", scaled(kept, load(M, j, "y")) + C)
    return squares


def implicit_sums(indptr: Ints, indices: Ints, y: Floats) -> Floats:
    """(n_users, n_factors) S of every user: |N(u)|^-½ Σ y_j, in the order of N(u)."""
    k = y.shape[1]
    none = np.zeros((len(indptr) - 1, k))
    rows, sums = (descent.rows(y.dtype, factors, 0, "y") for factors in (y, none))
    _sum_rows(indptr.astype(np.int64), indices.astype(np.int32), rows, sums)
    counts = np.maximum(np.diff(indptr), 1)
    return (sums["y"][:, :k] / np.sqrt(counts)[:, None]).astype(y.dtype)


@kernel
def _sum_rows(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    rows: Rows,
    sums: Rows,
) -> None:
    """sums[u] += Σ rows[j] over u's indices."""
    align_stack()
    for u in range(len(indptr) - 1):
        S = load(sums, u, "y")
        for k in range(indptr[u], indptr[u + 1]):
            S = S + load(rows, indices[k], "y")
        store(sums, u, "y", S)
