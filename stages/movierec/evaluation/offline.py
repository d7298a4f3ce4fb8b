"""A model on the validation part, beside the baselines. Arrays in, numbers out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset, contains, rows_of
from movierec.errors import BadInput
from movierec.evaluation import ranking as measures
from movierec.evaluation.baselines import Biases, popularity
from movierec.fields import number
from movierec.models.accuracy import mae, rmse
from movierec.models.model import Model
from movierec.models.popularity import popularity_order
from movierec.models.topn import popular, recommend

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Evaluate:
    """Lists are `k` long; a rating at or above `relevant_rating` is relevant."""

    k: int = number(low=1)
    relevant_rating: float = number()
    bootstrap_samples: int = number(low=1)
    seed: int = number(low=0)


@dataclass(frozen=True)
class Validation:
    """The validation pairs, and the users whose lists are judged."""

    u: NDArray[np.int64]
    i: NDArray[np.int32]
    rating: NDArray[np.float64]
    users: NDArray[np.int64]
    """Ascending rows that have a validation rating."""
    relevant: sparse.csr_array
    """(len(users), n_movies): liked by them and not seen before, so a list can hold it."""

    @classmethod
    def of(cls, dataset: Dataset, relevant_rating: float) -> "Validation":
        matrix = dataset.validation
        if matrix.nnz == 0:
            raise BadInput(
                "the validation part is empty; use more days or a larger "
                "preprocess.validation_share in params.yaml"
            )
        u = rows_of(matrix)
        liked = matrix.data >= relevant_rating
        new = ~contains(dataset.train, matrix) & ~contains(dataset.watched, matrix)
        users = np.unique(u)
        rows = np.searchsorted(users, u)
        good = liked & new
        shape = (len(users), len(dataset.movies))
        relevant = sparse.csr_array(
            (np.ones(good.sum(), np.float32), (rows[good], matrix.indices[good])), shape=shape
        )
        return cls(u, matrix.indices, matrix.data.astype(np.float64), users, relevant)


@dataclass(frozen=True)
class Result:
    """What the stage writes: metrics, the report, and the plots' columns."""

    metrics: dict[str, Any]
    report: dict[str, Any]
    activity: dict[str, Any]
    distribution: dict[str, Any]


def evaluate(
    model: Model, seen_of: Callable[[int], NDArray[Any]], dataset: Dataset, params: Evaluate
) -> Result:
    """Judge `model`; `seen_of(u)` are the movies that serving leaves out for user u."""
    part = Validation.of(dataset, params.relevant_rating)
    biases = Biases.fit(dataset.train, dataset.scale)
    counts = popularity(dataset.train, dataset.watched)
    predicted = {
        "model": model.predict(part.u, part.i),
        "biases": biases.predict(part.u, part.i),
        "global_mean": np.full(len(part.u), biases.mean),
    }
    by_popularity = popularity_order(counts)
    by_bias = np.argsort(-biases.b_i, kind="stable")
    seen = [seen_of(int(u)) for u in part.users]
    k = params.k
    lists = {
        "model": top_lists(
            (recommend(model.scores(int(u)), s, k) for u, s in zip(part.users, seen, strict=True)),
            part,
            k,
        ),
        "biases": top_lists((popular(by_bias, s, k) for s in seen), part, k),
        "popularity": top_lists((popular(by_popularity, s, k) for s in seen), part, k),
    }
    profiles = dataset.train[part.users]
    table = {
        name: {
            **(accuracy(predicted[name] - part.rating) if name in predicted else {}),
            **(ranking(lists[name], part, profiles, counts, k) if name in lists else {}),
        }
        for name in ("model", "biases", "popularity", "global_mean")
    }
    metrics = {**table.pop("model"), "baselines": table}
    errors = {name: values - part.rating for name, values in predicted.items()}
    return Result(
        metrics,
        {
            "validation_ratings": len(part.u),
            "validation_users": len(part.users),
            "ranked_users": int((np.diff(part.relevant.indptr) > 0).sum()),
            **intervals(errors, part, params),
            "by_user_activity": buckets(errors, np.diff(dataset.train.indptr)[part.u]),
            "by_movie_popularity": buckets(
                errors, np.bincount(dataset.train.indices, minlength=len(counts))[part.i]
            ),
        },
        activity_plot(errors["model"], np.diff(dataset.train.indptr)[part.u]),
        distribution_plot(part.rating, predicted["model"], dataset.scale),
    )


def top_lists(rows: Any, part: Validation, k: int) -> NDArray[np.int32]:
    """(n_users, k) movies from one list a user; -1 fills short ones."""
    lists = np.full((len(part.users), k), -1, np.int32)
    for row, best in enumerate(rows):
        lists[row, : len(best)] = best
    return lists


def accuracy(errors: NDArray[np.float64]) -> dict[str, float]:
    """RMSE and MAE of prediction errors."""
    return {"rmse": rmse(errors), "mae": mae(errors)}


def ranking(
    lists: NDArray[np.int32],
    part: Validation,
    profiles: sparse.csr_array,
    counts: NDArray[np.int64],
    k: int,
) -> dict[str, float]:
    """Recall and NDCG over the users with a relevant movie; the rest over all lists."""
    n_relevant = np.diff(part.relevant.indptr)
    some = n_relevant > 0
    result = {}
    if some.any():
        hit = measures.hits(lists, part.relevant)[some]
        result[f"recall_at_{k}"] = float(measures.recall(hit, n_relevant[some]).mean())
        result[f"ndcg_at_{k}"] = float(measures.ndcg(hit, n_relevant[some]).mean())
    result["coverage"] = measures.coverage(lists, len(counts))
    result["popularity_lift"] = measures.popularity_lift(lists, profiles, counts)
    return result


def intervals(
    errors: dict[str, NDArray[np.float64]], part: Validation, params: Evaluate
) -> dict[str, Any]:
    """Bootstrap intervals of RMSE, and of the gain over each baseline (positive is better)."""
    rows = np.searchsorted(part.users, part.u)
    n = len(part.users)
    squares: NDArray[Any] = np.stack([np.bincount(rows, e * e, n) for e in errors.values()], 1)
    counts = np.bincount(rows, minlength=n)
    samples = measures.rmse_samples(squares, counts, params.bootstrap_samples, params.seed)
    model = samples[:, 0]
    gains = {
        name: measures.percentile_interval(samples[:, column] - model, CONFIDENCE)
        for column, name in enumerate(errors)
        if name != "model"
    }
    return {
        "confidence": CONFIDENCE,
        "rmse_interval": measures.percentile_interval(model, CONFIDENCE),
        "rmse_gain_interval": gains,
    }


def buckets(errors: dict[str, NDArray[np.float64]], counts: NDArray[Any]) -> list[dict[str, Any]]:
    """RMSE of every predictor for validation pairs with 1, 2–3, 4–7, … training ratings."""
    bucket = measures.doubling_bucket(counts)
    return [
        {
            "from": int(low),
            "ratings": int((bucket == low).sum()),
            **{name: rmse(e[bucket == low]) for name, e in errors.items()},
        }
        for low in np.unique(bucket)
    ]


def activity_plot(errors: NDArray[np.float64], counts: NDArray[Any]) -> dict[str, Any]:
    """RMSE by how many training ratings the user has."""
    rows = buckets({"rmse": errors}, counts)
    columns = {"user_ratings": "from", "rmse": "rmse", "ratings": "ratings"}
    return {name: [row[key] for row in rows] for name, key in columns.items()}


def distribution_plot(
    actual: NDArray[np.float64], predicted: NDArray[np.float64], scale: tuple[float, float]
) -> dict[str, Any]:
    """Shares of ratings near each whole point of the scale (of five points at least)."""
    points = np.linspace(*scale, max(5, int(scale[1] - scale[0]) + 1))
    step = points[1] - points[0]

    def shares(values: NDArray[np.float64]) -> list[float]:
        place = np.floor((values - scale[0]) / step + 0.5).astype(np.int64)
        return [float(x) for x in np.bincount(place, minlength=len(points)) / len(values)]

    return {
        "rating": [float(x) for x in points],
        "actual": shares(actual),
        "predicted": shares(predicted),
    }
