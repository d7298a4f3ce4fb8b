"""Who took up what, small and made up; and what is fitted to it."""

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels import uptake
from movierec.models.uptake import Uptake, UptakeModel

N = tuple[NDArray[np.int64], NDArray[np.int32]]

HYPER = Uptake(n_factors=6, n_epochs=5, unobserved=0.2, reg=0.3, floor=0.1, trend_days=0.0, seed=1)


def taken_up(users: int, movies: int, share: float, seed: int = 0) -> N:
    """(indptr, indices); somebody may have taken up nothing."""
    present = np.random.default_rng(seed).random((users, movies)) < share
    u, i = np.nonzero(present)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(u, minlength=users))])
    return indptr.astype(np.int64), i.astype(np.int32)


def rows_of(taken: N) -> list[NDArray[np.int32]]:
    indptr, indices = taken
    return [indices[indptr[u] : indptr[u + 1]] for u in range(len(indptr) - 1)]


def fitted(taken: N, movies: int, hyper: Uptake = HYPER, dtype: str = "float32") -> UptakeModel:
    shape = len(taken[0]) - 1, movies
    return uptake.fit(taken, shape, hyper, trend=np.ones(movies), dtype=dtype)
