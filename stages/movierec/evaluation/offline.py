"""A model on the validation part. Arrays in, numbers out."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import Dataset, rows_at
from movierec.dataset.sums import counted, summed
from movierec.evaluation.advice import advice
from movierec.evaluation.baselines import Biases
from movierec.evaluation.lists import MODEL, SeenOf, lists_of
from movierec.evaluation.plots import activity_plot, buckets, distribution_plot
from movierec.evaluation.ranking import percentile_interval, rmse_samples
from movierec.evaluation.validation import (
    Evaluate,
    Validation,
    accuracy_of,
    ranking_of,
)
from movierec.files import DECIMALS
from movierec.models.popularity import popularity
from movierec.models.ranker import Ranker

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Result:
    """What the stage writes: flat metrics, the report, and the plots' columns."""

    metrics: dict[str, float]
    report: dict[str, Any]
    activity: dict[str, Any]
    distribution: dict[str, Any]


def evaluate(ranker: Ranker, seen_of: SeenOf, dataset: Dataset, params: Evaluate) -> Result:
    """Judge what ranks; `seen_of(u)` are the movies that serving leaves out for user u.

    The report's `lists` hold the measures of the model's lists and of the two parts of their
    order, each by itself, and its `advice`, where there is some, a line for people.
    """
    part = Validation.of(dataset, params)
    biases = Biases.fit(dataset.train, dataset.scale)
    counts = popularity(dataset)
    lists = lists_of(ranker, seen_of, part.users, params.k)
    advised, profiles = advice(lists, part), rows_at(dataset.train, part.users)
    measures = {name: ranking_of(made, part, profiles, counts) for name, made in lists.items()}
    predicted = ranker.model.predict(part.u, part.i)
    distribution = distribution_plot(part.rating, predicted, dataset.scale)
    errors = {
        "model": part.errors(predicted),
        "biases": part.errors(biases.predict(part.u, part.i)),
        "global_mean": part.errors(np.full(len(part.u), biases.mean)),
    }
    n_u, n_i = np.diff(dataset.train.indptr), counted(dataset.train.indices, len(counts))
    by_user = buckets(errors, n_u, part.u)
    return Result(
        {
            **accuracy_of(errors["model"]),
            **measures[MODEL],
        },
        {
            "validation_ratings": len(part.u),
            "validation_users": len(part.raters),
            "ranked_users": int((np.diff(part.relevant.indptr) > 0).sum()),
            "rating_values": len(np.unique(part.rating)),
            "lists": measures,
            **({"advice": advised} if advised else {}),
            **intervals(errors, part, params),
            "by_user_activity": by_user,
            "by_movie_popularity": buckets(errors, n_i, part.i),
        },
        activity_plot(by_user),
        distribution,
    )


def intervals(
    errors: dict[str, NDArray[np.float64]], part: Validation, params: Evaluate
) -> dict[str, Any]:
    """Bootstrap intervals of RMSE, and of the gain over each baseline (positive is better).

    Of the biases also the gain as a share of their RMSE, g = 1 − RMSE_model / RMSE_biases, which
    is what the gate goes by. Each is the middle CONFIDENCE of what `rmse_samples` gives; both
    RMSE of a sample are of the same users. None where nothing was held out, and for the share
    where the biases make no error.
    """
    if not len(part.u):
        return {"confidence": CONFIDENCE, "rmse_interval": None, "rmse_gain_share_interval": None}
    n = int(part.raters[-1]) + 1
    sums = [summed(part.u, partial(squares_of, e), n) for e in errors.values()]
    squares: NDArray[np.float64] = np.stack(sums, 1)[part.raters]
    counts = counted(part.u, n)[part.raters]
    samples = rmse_samples(squares, counts, params.bootstrap_samples, params.seed)
    model = samples[:, 0]
    gains = {
        name: percentile_interval(samples[:, column] - model, CONFIDENCE)
        for column, name in enumerate(errors)
        if name != "model"
    }
    return {
        "confidence": CONFIDENCE,
        "rmse_interval": percentile_interval(model, CONFIDENCE),
        "rmse_gain_interval": gains,
        "rmse_gain_share_interval": share_interval(model, samples[:, list(errors).index("biases")]),
    }


def squares_of(errors: NDArray[np.float64], part: slice) -> NDArray[np.float64]:
    """e² of some of them."""
    squares: NDArray[np.float64] = errors[part] * errors[part]
    return squares


def share_interval(
    model: NDArray[np.float64], biases: NDArray[np.float64]
) -> tuple[float, float] | None:
    """The interval of 1 − model / biases, from samples of both RMSE."""
    if round(float(biases.min()), DECIMALS) == 0:
        return None
    return percentile_interval(1 - model / biases, CONFIDENCE)
