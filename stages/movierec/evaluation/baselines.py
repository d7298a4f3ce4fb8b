"""What a model must beat: the global mean, user and movie biases only, and popularity."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset, let_go, rows_at, rows_in
from movierec.dataset.sums import added, counted, parts
from movierec.evaluation.validation import (
    Evaluate,
    Validation,
    accuracy_of,
    ranking_of,
    top_lists,
)
from movierec.mapped import release
from movierec.models.implicit import rated_or_watched
from movierec.models.popularity import popularity, popularity_order
from movierec.models.topn import popular

EPOCHS = 10
PART = 1 << 22
"""Ratings that are summed at a time."""
USERS, MOVIES = 0, 1
"""Axes of a matrix of ratings."""
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
        n_u, n_i = np.diff(train.indptr), counted(train.indices, n_movies)
        mean = float(np.mean(train.data, dtype=np.float64))
        b_u, b_i = np.zeros(n_users), np.zeros(n_movies)
        for _ in range(EPOCHS):
            b_i = _residuals(train, mean, b_u, MOVIES) / (REG_MOVIE + n_i)
            b_u = _residuals(train, mean, b_i, USERS) / (REG_USER + n_u)
        return cls(mean, b_u, b_i, scale)

    def predict(self, u: NDArray[Any], i: NDArray[Any]) -> NDArray[np.float64]:
        """Predictions for pairs, clipped to the scale."""
        estimate = np.empty(len(u))
        for part in parts(len(u)):
            estimate[part] = self.mean + self.b_u[u[part]] + self.b_i[i[part]]
            release([i])
        return np.clip(estimate, *self.scale, out=estimate)


def _residuals(
    train: sparse.csr_array, mean: float, bias: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    """(n,) Σ (r − μ − b) of the ratings of each user or movie, as `axis` says; `bias` is that of
    those of the other axis.

    A part of the ratings after the other goes on with the sums so far, in their order: the bits are
    those of one sum.
    """
    sums: NDArray[np.float64] = np.zeros(train.shape[axis])
    for start in range(0, train.nnz, PART):
        part = slice(start, min(start + PART, train.nnz))
        places = rows_in(train, part), train.indices[part]
        residuals = (train.data[part] - mean) - bias[places[1 - axis]]
        sums = added(sums, places[axis], residuals)
        let_go(train)
    return sums


def judge_baselines(dataset: Dataset, params: Evaluate) -> dict[str, dict[str, float]]:
    """Each baseline's measures on the validation part, by the names of a model's metrics; one
    that predicts no ratings or ranks no movies has fewer."""
    part = Validation.of(dataset, params)
    biases = Biases.fit(dataset.train, dataset.scale)
    counts, profiles = popularity(dataset), rows_at(dataset.train, part.users)
    indptr, taken_up = rated_or_watched(profiles, rows_at(dataset.watched, part.users))
    seen = [taken_up[first:end] for first, end in pairwise(indptr)]

    def ranked(order: NDArray[Any]) -> dict[str, float]:
        best = (popular(order, s, params.k) for s in seen)
        lists = top_lists(best, len(seen), params.k)
        return ranking_of(lists, part, profiles, counts)

    return {
        "biases": {
            **accuracy_of(part.errors(biases.predict(part.u, part.i))),
            **ranked(np.argsort(-biases.b_i, kind="stable")),
        },
        "popularity": ranked(popularity_order(counts)),
        "global_mean": accuracy_of(part.errors(np.full(len(part.u), biases.mean))),
    }
