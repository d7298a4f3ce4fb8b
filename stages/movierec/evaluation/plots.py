"""The columns behind the plots: errors by group, ratings predicted and actual."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.sums import parts
from movierec.evaluation.ranking import doubling_bucket
from movierec.mapped import release
from movierec.models.accuracy import rmse

Rows = list[dict[str, Any]]


def buckets(errors: dict[str, NDArray[np.float64]], counts: NDArray[Any], of: NDArray[Any]) -> Rows:
    """RMSE of every predictor for validation pairs with 1, 2–3, 4–7, … training ratings: `counts`
    are those of each user, or each movie, and `of` says whose each pair is."""
    lows, place = np.unique(doubling_bucket(counts), return_inverse=True)
    place = place.astype(np.uint8)  # a byte a pair: the window has many
    bucket = np.empty(len(of), np.uint8)
    for part in parts(len(of)):
        bucket[part] = place[of[part]]
        release([of])
    return [
        {
            "from": int(low),
            "ratings": int(inside.sum()),
            **{name: rmse(e[inside]) for name, e in errors.items()},
        }
        for low, inside in ((low, bucket == number) for number, low in enumerate(lows))
        if inside.any()
    ]


def activity_plot(rows: Rows) -> dict[str, Any]:
    """The model's RMSE by how many training ratings the user has."""
    columns = {"user_ratings": "from", "rmse": "model", "ratings": "ratings"}
    return {name: [row[key] for row in rows] for name, key in columns.items()}


def distribution_plot(
    actual: NDArray[Any], predicted: NDArray[np.float64], scale: tuple[float, float]
) -> dict[str, Any]:
    """Shares of ratings near each point of the scale (of five points at least)."""
    if not len(actual):
        return {"rating": [], "actual": [], "predicted": []}
    points = np.linspace(*scale, max(5, int((scale[1] - scale[0]) / step_of(actual, scale)) + 1))
    step = points[1] - points[0]

    def shares(values: NDArray[Any]) -> list[float]:
        near: NDArray[np.int64] = np.zeros(len(points), np.int64)
        for part in parts(len(values)):
            exact = values[part].astype(np.float64, copy=False)
            place = np.floor((exact - scale[0]) / step + 0.5).astype(np.int64)
            near += np.bincount(place, minlength=len(points))
            release([values])
        return [float(x) for x in near / len(values)]

    return {
        "rating": [float(x) for x in points],
        "actual": shares(actual),
        "predicted": shares(predicted),
    }


def step_of(actual: NDArray[Any], scale: tuple[float, float]) -> float:
    """1 where people rate by whole points from the scale's lowest to its highest, else ½.

    >>> step_of(np.array([1.0, 4.0]), (1, 5)), step_of(np.array([1.0, 4.5]), (1, 5))
    (1.0, 0.5)
    >>> step_of(np.array([1.5]), (0.5, 5))  # half a star to five
    0.5
    """

    def whole(values: NDArray[Any]) -> bool:
        return bool(((values.astype(np.float64) - scale[0]) % 1 == 0).all())

    all_whole = all(whole(actual[part]) for part in parts(len(actual)))
    return 1.0 if all_whole and whole(np.array(scale[1:])) else 0.5
