"""Why these movies: an answer's figures, and which of the user's own movies they come from.

    score = (max(0, uptake) + floor) · trend · liking

(`models.uptake.scores`). Uptake is a sum over the user's movies, exactly so (Hu, Koren and Volinsky
2008, section 5), and so is what SVD++ adds to a rating, as S. Of each sum the movies that weigh
most are named, and the rest is one number.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.models.uptake import liking
from serve.service.recommender import Answer, Columns, Recommender

TOP = 3


def figures(recommender: Recommender, given: Answer) -> dict[str, Any]:
    """`scores`, `ratings` and `because` of an answer, one entry an id; each None where there is
    nothing to tell."""
    scores, ratings = scores_and_ratings(recommender, given)
    told = None if given.judged is None else because(recommender, given)
    return {"scores": scores, "ratings": ratings, "because": told}


def scores_and_ratings(
    recommender: Recommender, given: Answer
) -> tuple[list[float] | None, list[float] | None]:
    """What each id of an answer was ranked by, and r̂, kept inside the scale; None for ids that are
    merely popular."""
    ratings = predicted(recommender, given)
    if given.judged is None or ratings is None:
        return None, None
    return numbers(given.judged.score[given.best]), numbers(ratings)


def predicted(recommender: Recommender, given: Answer) -> list[float] | None:
    """r̂ of each id of an answer, kept inside the scale; None for ids that are merely popular."""
    if given.judged is None:
        return None
    low, high = recommender.model.model.scale
    estimate = given.judged.estimate[given.best].tolist()
    # Of twenty numbers this takes 1 µs, with min and max 3, and NumPy's clip 5.
    return [low if r < low else high if r > high else r for r in estimate]


def because(recommender: Recommender, given: Answer) -> list[dict[str, Any]] | None:
    """The parts of each id's score, and the user's movies in them."""
    uptake = _uptake(recommender, given)
    implicit = _implicit(recommender, given)
    if uptake is None and implicit is None:
        return None
    rows = range(len(given.best))
    return [
        (uptake[row] if uptake else {"uptake": None})
        | {"implicit": implicit[row] if implicit else None}
        for row in rows
    ]


def _uptake(recommender: Recommender, given: Answer) -> list[dict[str, Any]] | None:
    """The factors of the score, the first with its movies."""
    model, judged, drawn = recommender.ranker.uptake, given.judged, given.drawn
    if model is None or judged is None or drawn is None or judged.uptake is None:
        return None
    best = given.best
    parts = {
        "uptake": _told(
            recommender, drawn.N, model.contributions(drawn.N, best), judged.uptake[best]
        ),
        "floor": numbers(model.floor[best]),
        "trend": numbers(model.trend[best]),
        "liking": numbers(liking(judged.estimate[best], recommender.model.model.scale)),
    }
    return [dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]


def _implicit(recommender: Recommender, given: Answer) -> list[dict[str, Any]] | None:
    """What the estimates have from movies taken up, whatever they were rated."""
    if given.drawn is None:
        return None
    told = recommender.model.model.implicit_parts(
        given.best, given.drawn.rated, given.drawn.watched
    )
    return None if told is None else _told(recommender, *told, told[1].sum(axis=1))


def _told(
    recommender: Recommender, N: Columns, parts: NDArray[np.float64], values: NDArray[Any]
) -> list[dict[str, Any]]:
    """Of each row of `parts`, (n, len(N)), the TOP movies and the sum of the others, beside the
    value that all of them add up to."""
    top = np.argsort(-parts, axis=1, kind="stable")[:, :TOP]
    weights = np.take_along_axis(parts, top, axis=1)
    rest = parts.copy()
    np.put_along_axis(rest, top, 0.0, axis=1)
    return [
        {
            "value": value,
            "from": [
                {"id": movie, "weight": weight}
                for movie, weight in zip(recommender.ids(N[row]), numbers(mine), strict=True)
            ],
            "others": others,
        }
        for value, row, mine, others in zip(
            numbers(values), top, weights, numbers(rest.sum(axis=1)), strict=True
        )
    ]


def numbers(values: Iterable[Any]) -> list[float]:
    """Plain numbers of nine digits: a float32 in full."""
    return [float(f"{value:.9g}") for value in values]
