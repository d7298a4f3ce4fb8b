"""Measures of quality. Pure: arrays in, numbers out."""

from math import log2, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.distinct import distinct
from movierec.dataset.matrix import rows_of


def rmse_samples(
    squares: NDArray[np.float64], counts: NDArray[np.int64], samples: int, seed: int
) -> NDArray[np.float64]:
    """Bootstrap of RMSE over users: (samples, columns).

    `squares` is (n_users, columns): each user's Σ e² by each predictor; `counts` is how many
    ratings each has. Users are drawn and not ratings, since one user's errors hang together
    (cluster bootstrap, Field and Welsh 2007). All columns share the draws, so differences
    between them are paired.
    """
    rng = np.random.default_rng(seed)
    n = len(counts)
    result = np.empty((samples, squares.shape[1]))
    for row in range(samples):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        total = (times * counts).sum()
        result[row] = [sqrt((times * column).sum() / total) for column in squares.T]
    return result


def percentile_interval(samples: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """The middle `confidence` of the samples."""
    low, high = np.quantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def hits(lists: NDArray[np.integer[Any]], relevant: sparse.csr_array) -> NDArray[np.bool_]:
    """(n, k): whether each entry of user row r's list is relevant; -1 fills short lists."""
    n_movies = relevant.shape[1]
    keys = rows_of(relevant) * n_movies + relevant.indices
    asked = np.arange(len(lists))[:, None] * n_movies + lists
    return np.isin(asked, keys) & (lists >= 0)


def recall(hit: NDArray[np.bool_], n_relevant: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Share of each user's relevant movies that the list holds; n_relevant must be positive."""
    share: NDArray[np.float64] = hit.sum(axis=1) / n_relevant
    return share


def ndcg(hit: NDArray[np.bool_], n_relevant: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Σ hit_r / log2(r + 1) over ranks r = 1 … k, over the best that is possible
    (Järvelin and Kekäläinen 2002, binary relevance)."""
    k = hit.shape[1]
    gain = np.array([1 / log2(rank + 1) for rank in range(1, k + 1)])
    best = np.cumsum(gain)[np.minimum(n_relevant, k) - 1]
    share: NDArray[np.float64] = (hit * gain).sum(axis=1) / best
    return share


def coverage(lists: NDArray[np.integer[Any]], n_movies: int) -> float:
    """Share of all movies that stand in at least one list."""
    return len(distinct(lists[lists >= 0])) / n_movies


def popularity_lift(
    lists: NDArray[np.integer[Any]], profiles: sparse.csr_array, popularity: NDArray[Any]
) -> float | None:
    """(GAP_lists − GAP_profiles) / GAP_profiles, where GAP is the mean over users of the mean
    popularity of their movies (Abdollahpouri et al. 2019). 0 keeps users' own taste for
    popular movies, 1 doubles it. Users without a list or a profile are left out; None when that
    is everybody, as where there is one movie, which all have seen."""
    inside = lists >= 0
    in_profile = np.diff(profiles.indptr)
    users = inside.any(axis=1) & (in_profile > 0)
    if not users.any():
        return None
    listed = np.where(inside, popularity[np.where(inside, lists, 0)], 0).sum(axis=1)
    known = np.bincount(rows_of(profiles), popularity[profiles.indices], minlength=len(lists))
    of_lists = float((listed[users] / inside[users].sum(axis=1)).mean())
    of_profiles = float((known[users] / in_profile[users]).mean())
    return (of_lists - of_profiles) / of_profiles


def doubling_bucket(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The largest power of two in each count: 1, 2, 4, 8, …; 0 stays 0."""
    _, exponent = np.frexp(counts)  # count = mantissa in [½, 1) × 2^exponent
    bucket: NDArray[np.int64] = np.where(
        counts > 0, 1 << np.maximum(exponent.astype(np.int64) - 1, 0), 0
    )
    return bucket
