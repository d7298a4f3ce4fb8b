"""Small rating matrices and datasets, and hyperparameters, for the tests of models."""

import numpy as np
from scipy import sparse

from movierec.dataset.matrix import Dataset, Watchers, csr, rows_of
from movierec.models.svd import SVD
from movierec.models.svdpp import SVDpp

SCALE = (1.0, 5.0)
NOBODY = Watchers()
SURPRISE = {
    "n_factors": 20,
    "n_epochs": 20,
    "init_mean": 0.0,
    "init_std_dev": 0.1,
    "lr_decay": 0.0,
    "holdout_share": 0.0,
    "patience": 3,
    "seed": 42,
    "members": 1,
}
"""Surprise's defaults, but for the learning rates, which differ between the two models."""


def svd_params(**changes: object) -> SVD:
    return _params(SVD, 0.005, changes)


def svdpp_params(**changes: object) -> SVDpp:
    return _params(SVDpp, 0.007, changes)


PARAMS = {"svd": svd_params, "svdpp": svdpp_params}


def _params(hyper, rate, changes):
    learnt = [name for group in hyper.LEARNT for name in group]
    rates = {f"lr_{name}": rate for name in learnt}
    regs = {f"reg_{name}": 0.02 for name in learnt}
    return hyper(**{**SURPRISE, **rates, **regs, **changes})


def no_ratings(users: int, movies: int) -> sparse.csr_array:
    """An empty matrix."""
    return csr(np.empty(0, int), np.empty(0, int), np.empty(0), (users, movies))


def dataset_of(
    train: sparse.csr_array,
    validation: sparse.csr_array | None = None,
    watched: sparse.csr_array | None = None,
    watchers: Watchers = NOBODY,
) -> Dataset:
    """A dataset of these matrices with ids of its own."""
    none = no_ratings(*train.shape)
    movies = np.array([f"movie+{i:03d}+2001".encode() for i in range(train.shape[1])])
    users = np.arange(train.shape[0], dtype=np.int64) * 3 + 1
    validation, watched = (none if part is None else part for part in (validation, watched))
    return Dataset(users, movies, train, validation, watched, SCALE, "hash", watchers)


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


def predicted_by_surprise(train: sparse.csr_array, algorithm) -> np.ndarray:
    """All predictions by Surprise's own path: a Dataset from raw triples, fit, predict."""
    import surprise

    triples = [
        (int(u), int(i), float(r), None)
        for u, i, r in zip(rows_of(train), train.indices, train.data, strict=True)
    ]
    dataset = surprise.Dataset(surprise.Reader(rating_scale=SCALE))
    algorithm.fit(dataset.construct_trainset(triples))
    return np.array([algorithm.predict(u, i).est for u, i in np.ndindex(train.shape)])
