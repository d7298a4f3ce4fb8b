"""The columns behind the plots: errors by group, ratings predicted and actual."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.ranking import doubling_bucket
from movierec.models.accuracy import rmse


def buckets(errors: dict[str, NDArray[np.float64]], counts: NDArray[Any]) -> list[dict[str, Any]]:
    """RMSE of every predictor for validation pairs with 1, 2–3, 4–7, … training ratings."""
    bucket = doubling_bucket(counts)
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
    """Shares of ratings near each point of the scale (of five points at least)."""
    if not len(actual):
        return {"rating": [], "actual": [], "predicted": []}
    points = np.linspace(*scale, max(5, int((scale[1] - scale[0]) / step_of(actual, scale)) + 1))
    step = points[1] - points[0]

    def shares(values: NDArray[np.float64]) -> list[float]:
        place = np.floor((values - scale[0]) / step + 0.5).astype(np.int64)
        return [float(x) for x in np.bincount(place, minlength=len(points)) / len(values)]

    return {
        "rating": [float(x) for x in points],
        "actual": shares(actual),
        "predicted": shares(predicted),
    }


def step_of(actual: NDArray[np.float64], scale: tuple[float, float]) -> float:
    """1 where people rate by whole points from the scale's lowest to its highest, else ½.

    >>> step_of(np.array([1.0, 4.0]), (1, 5)), step_of(np.array([1.0, 4.5]), (1, 5))
    (1.0, 0.5)
    >>> step_of(np.array([1.5]), (0.5, 5))  # half a star to five
    0.5
    """
    steps = np.append(actual, scale[1]) - scale[0]
    return 1.0 if (steps % 1 == 0).all() else 0.5
