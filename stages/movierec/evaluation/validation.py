"""The part that judges: its pairs, the users whose lists are judged, and the measures of both.

Errors are judged on every pair. A list is a ranking of all movies, so lists are judged of a sample
of users: of 50,000 a share such as recall has a standard error of √(0.25 / 50,000) = 0.0022.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset, contains, let_go
from movierec.dataset.sums import parts
from movierec.evaluation import ranking
from movierec.fields import number
from movierec.hashing import mix
from movierec.mapped import release
from movierec.models.accuracy import mae, rmse

MEASURES = {
    "rmse": "RMSE",
    "mae": "MAE",
    "recall": "recall@k",
    "ndcg": "NDCG@k",
    "coverage": "coverage",
    "lift": "pop. lift",
}
"""Every measure in metrics/<kind>.json and its name for people: the columns of every table."""


@dataclass(frozen=True)
class Evaluate:
    """Lists are `k` long, and judged of `ranked_users` at most; a rating at or above
    `relevant_rating` is relevant."""

    k: int = number(low=1)
    ranked_users: int = number(low=1)
    relevant_rating: float = number()
    bootstrap_samples: int = number(low=1)
    seed: int = number(low=0)


@dataclass(frozen=True)
class Validation:
    """The validation pairs, and the users whose lists are judged."""

    u: NDArray[np.int32]
    i: NDArray[np.int32]
    rating: NDArray[np.float32]
    raters: NDArray[np.int64]
    """Ascending rows that have a validation rating."""
    users: NDArray[np.int64]
    """Those of them whose lists are judged, ascending."""
    relevant: sparse.csr_array
    """(len(users), n_movies): liked by them and not seen before, so a list can hold it."""

    @classmethod
    def of(cls, dataset: Dataset, params: Evaluate) -> "Validation":
        """Of a dataset; one that holds nothing out has an empty part."""
        matrix = dataset.validation
        counts = np.diff(matrix.indptr)
        raters = np.flatnonzero(counts)
        users = sample(raters, dataset.users, params.ranked_users)
        u = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        good = np.repeat(np.isin(np.arange(len(counts)), users), counts)
        good &= matrix.data >= params.relevant_rating
        good &= ~contains(dataset.train, matrix)
        good &= ~contains(dataset.watched, matrix)
        rows = np.searchsorted(users, u[good])
        shape = (len(users), len(dataset.movies))
        relevant = sparse.csr_array(
            (np.ones(len(rows), np.float32), (rows, matrix.indices[good])), shape=shape
        )
        let_go(matrix)
        return cls(u, matrix.indices, matrix.data, raters, users, relevant)

    def errors(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far the ratings that were predicted are too high. Takes the place of `predicted`."""
        for part in parts(len(predicted)):
            predicted[part] -= self.rating[part]
            release([self.rating])
        return predicted


def sample(rows: NDArray[np.int64], ids: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` of `rows`, ascending, by a hash of their ids: who is of it stays of it when
    others come, as far as there is room."""
    if len(rows) <= most:
        return rows
    hashes = mix(ids[rows])
    return rows[np.sort(np.argpartition(hashes, most)[:most])]


def top_lists(rows: Iterable[NDArray[Any]], n_users: int, k: int) -> NDArray[np.int32]:
    """(n_users, k) movies from one list a user; -1 fills short ones."""
    lists = np.full((n_users, k), -1, np.int32)
    for row, best in enumerate(rows):
        lists[row, : len(best)] = best
    return lists


def accuracy_of(errors: NDArray[np.float64]) -> dict[str, float]:
    """RMSE and MAE of prediction errors; neither where there are none."""
    if not len(errors):
        return {}
    return {"rmse": rmse(errors), "mae": mae(errors)}


def ranking_of(
    lists: NDArray[np.int32],
    part: Validation,
    profiles: sparse.csr_array,
    counts: NDArray[np.int64],
) -> dict[str, float]:
    """Recall and NDCG of (n_users, k) lists over the users with a relevant movie; coverage and
    popularity lift over all lists; a measure that nobody's list can show is left out. `profiles`
    are their training ratings, `counts` the users of each movie."""
    n_relevant = np.diff(part.relevant.indptr)
    some = n_relevant > 0
    result = {}
    if some.any():
        hit = ranking.hits(lists, part.relevant)[some]
        result["recall"] = float(ranking.recall(hit, n_relevant[some]).mean())
        result["ndcg"] = float(ranking.ndcg(hit, n_relevant[some]).mean())
    result["coverage"] = ranking.coverage(lists, len(counts))
    lift = ranking.popularity_lift(lists, profiles, counts)
    if lift is not None:
        result["lift"] = lift
    return result
