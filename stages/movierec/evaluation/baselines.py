"""What a model must beat: the global mean, user and movie biases only, and popularity."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset, rows_at
from movierec.dataset.sums import added, counted
from movierec.evaluation.validation import (
    Evaluate,
    Validation,
    accuracy_of,
    ranking_of,
    top_lists,
)
from movierec.mapped import release
from movierec.models.implicit import everybody
from movierec.models.popularity import popularity_order
from movierec.models.topn import popular

EPOCHS = 10
PART = 1 << 22
"""Ratings that are summed at a time."""
REG_MOVIE = 10.0
REG_USER = 15.0


@dataclass(frozen=True)
class Biases:
    """r̂_ui = μ + b_u + b_i (Koren 2010, section 2.1), with the regularisation and the epochs
    of Surprise's BaselineOnly by alternating least squares."""

    mean: float
    b_u: NDArray[np.float64]
    b_i: NDArray[np.float64]
    scale: tuple[float, float]

    @classmethod
    def fit(cls, train: sparse.csr_array, scale: tuple[float, float]) -> "Biases":
        """Alternate b_i = Σ_u (r − μ − b_u) / (λ_i + n_i), b_u = Σ_i (r − μ − b_i) / (λ_u + n_u)"""
        n_users, n_movies = train.shape
        n_u = np.diff(train.indptr)
        u, i = np.repeat(np.arange(n_users, dtype=np.int32), n_u), train.indices
        n_i = counted(i, n_movies)
        mean = float(np.mean(train.data, dtype=np.float64))
        b_u, b_i = np.zeros(n_users), np.zeros(n_movies)
        for _ in range(EPOCHS):
            b_i = _residuals(train.data, mean, i, b_u, u, n_movies) / (REG_MOVIE + n_i)
            b_u = _residuals(train.data, mean, u, b_i, i, n_users) / (REG_USER + n_u)
        return cls(mean, b_u, b_i, scale)

    def predict(self, u: NDArray[Any], i: NDArray[Any]) -> NDArray[np.float64]:
        """Predictions for pairs, clipped to the scale."""
        estimate: NDArray[np.float64] = self.mean + self.b_u[u] + self.b_i[i]
        return np.clip(estimate, *self.scale)


def _residuals(
    ratings: NDArray[Any],
    mean: float,
    of: NDArray[Any],
    bias: NDArray[np.float64],
    other: NDArray[Any],
    n: int,
) -> NDArray[np.float64]:
    """(n,) Σ (r − μ − b) of what each of `of` is; `bias` is that of each of `other`.

    A part of the ratings after the other goes on with the sums so far, in their order: the bits are
    those of one sum.
    """
    sums: NDArray[np.float64] = np.zeros(n)
    for start in range(0, len(ratings), PART):
        part = slice(start, start + PART)
        sums = added(sums, of[part], (ratings[part] - mean) - bias[other[part]])
        release([ratings, of, other])
    return sums


def judge_baselines(dataset: Dataset, params: Evaluate) -> dict[str, dict[str, float]]:
    """Each baseline's measures on the validation part, by the names of a model's metrics; one
    that predicts no ratings or ranks no movies has fewer."""
    part = Validation.of(dataset, params)
    biases = Biases.fit(dataset.train, dataset.scale)
    indptr, taken_up = everybody(dataset)
    counts, profiles = counted(taken_up, len(dataset.movies)), rows_at(dataset.train, part.users)
    seen = [taken_up[indptr[u] : indptr[u + 1]] for u in part.users]

    def ranked(order: NDArray[Any]) -> dict[str, float]:
        best = (popular(order, s, params.k) for s in seen)
        lists = top_lists(best, len(seen), params.k)
        return ranking_of(lists, part, profiles, counts)

    return {
        "biases": {
            **accuracy_of(biases.predict(part.u, part.i) - part.rating),
            **ranked(np.argsort(-biases.b_i, kind="stable")),
        },
        "popularity": ranked(popularity_order(counts)),
        "global_mean": accuracy_of(biases.mean - part.rating),
    }
