"""The lists that ours stand beside. A peer is fitted to N(u), what each user watched or rated, and
gives every movie a score; where there is something to choose, it is fitted once a choice."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset
from movierec.models.implicit import everybody
from movierec.models.popularity import decayed, popularity

Scores = Callable[[int], NDArray[np.floating]]
"""Row of the dataset → (n_movies,); a list holds the highest."""
Fits = dict[str, Callable[[], Scores]]
"""What fits, by its name and what was chosen."""

REGS = (100.0, 300.0, 1000.0)
"""λ of EASE^R."""
REGS_AND_ALPHAS = ((10.0, 10.0), (100.0, 40.0), (300.0, 100.0), (1000.0, 300.0))
"""Of implicit's ALS; with its defaults, 0.01 and 1, it is far behind."""
FACTORS, EPOCHS, SEED = 64, 15, 42


def most_popular(dataset: Dataset, days: float) -> Fits:
    """Users of each movie."""
    counts = popularity(dataset).astype(np.float64)
    return {"popularity": lambda: lambda u: counts}


def most_popular_of_late(dataset: Dataset, days: float) -> Fits:
    """The same, where one that is `days` old counts 1/e."""
    late = decayed(dataset.take_ups, len(dataset.movies), days)
    return {f"popularity, {days:g} days": lambda: lambda u: late}


def ease(dataset: Dataset, days: float) -> Fits:
    """EASE^R by numpy."""
    N = taken_up(dataset)
    return {f"EASE^R, λ {reg:g}": partial(fit_ease, N, reg) for reg in REGS}


def als(dataset: Dataset, days: float) -> Fits:
    """`implicit`'s ALS. Raises ImportError where it is not installed."""
    from implicit.als import AlternatingLeastSquares

    N = sparse.csr_matrix(taken_up(dataset))

    def fit(reg: float, alpha: float) -> Scores:
        model = AlternatingLeastSquares(
            factors=FACTORS,
            regularization=reg,
            alpha=alpha,
            iterations=EPOCHS,
            num_threads=1,
            random_state=SEED,
        )
        model.fit(N, show_progress=False)
        return lambda u: model.item_factors @ model.user_factors[u]

    name = f"implicit {version('implicit')} ALS"
    return {
        f"{name}, λ {reg:g}, α {alpha:g}": partial(fit, reg, alpha)
        for reg, alpha in REGS_AND_ALPHAS
    }


PEERS: Mapping[str, Callable[[Dataset, float], Fits]] = {
    "popularity": most_popular,
    "popularity of late": most_popular_of_late,
    "EASE^R": ease,
    "implicit's ALS": als,
}
"""Of a dataset, and the days of what is late."""


def taken_up(dataset: Dataset) -> sparse.csr_array:
    """(users and then watchers, movies) 1 where a movie was watched or rated."""
    indptr, indices = everybody(dataset)
    ones = np.ones(len(indices), np.float32)
    return sparse.csr_array((ones, indices, indptr), shape=(len(indptr) - 1, len(dataset.movies)))


def fit_ease(N: sparse.csr_array, reg: float) -> Scores:
    """Steck 2019: B_ij = −P_ij / P_jj, B_jj = 0 with P = (NᵀN + λ)⁻¹; scores are N_u B.

    Dense: (n_movies, n_movies) of float64, three times while it is made.
    """
    P = np.linalg.inv((N.T @ N).toarray().astype(np.float64) + reg * np.eye(N.shape[1]))
    P /= -np.diag(P)
    np.fill_diagonal(P, 0.0)
    return lambda u: P[N.indices[N.indptr[u] : N.indptr[u + 1]]].sum(axis=0)
