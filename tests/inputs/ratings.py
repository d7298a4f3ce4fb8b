"""Small rating matrices for the tests of models."""

import numpy as np
from scipy import sparse

from movierec.dataset.matrix import csr
from movierec.params import SVD, SVDpp

SCALE = (1.0, 5.0)
SURPRISE = {
    "n_factors": 20,
    "n_epochs": 20,
    "init_mean": 0.0,
    "init_std_dev": 0.1,
    "lr_decay": 0.0,
    "holdout_share": 0.0,
    "patience": 3,
    "seed": 42,
}
"""Surprise's defaults, but for the learning rates, which differ between the two models."""


def svd_params(**changes: object) -> SVD:
    rates = {f"lr_{name}": 0.005 for name in ("bu", "bi", "pu", "qi")}
    regs = {f"reg_{name}": 0.02 for name in ("bu", "bi", "pu", "qi")}
    return SVD(**{**SURPRISE, **rates, **regs, **changes})


def svdpp_params(**changes: object) -> SVDpp:
    names = ("bu", "bi", "pu", "qi", "yj")
    rates = {f"lr_{name}": 0.007 for name in names}
    regs = {f"reg_{name}": 0.02 for name in names}
    return SVDpp(**{**SURPRISE, **rates, **regs, **changes})


def random_ratings(users: int, movies: int, share: float, seed: int = 0) -> sparse.csr_array:
    """A (users, movies) matrix of 1 … 5 with some structure; every user and movie has one."""
    random = np.random.default_rng(seed)
    present = random.random((users, movies)) < share
    present[np.arange(users), random.integers(0, movies, users)] = True
    present[random.integers(0, users, movies), np.arange(movies)] = True
    u, i = np.nonzero(present)
    taste = random.normal(size=(users, 2)) @ random.normal(size=(2, movies))
    rating = 3 + 0.5 * random.normal(size=users)[u] + 0.5 * taste[u, i]
    return csr(u, i, np.clip(np.round(rating), 1, 5), (users, movies))


def in_order_of_appearance(train: sparse.csr_array) -> sparse.csr_array:
    """The same ratings with columns numbered as they first appear, not sorted within rows:
    then Surprise, which numbers ids as it meets them, has our indices."""
    _, first, inverse = np.unique(train.indices, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    result = train.copy()
    result.indices = rank[inverse].astype(np.int32)
    result.has_sorted_indices = False
    return result
