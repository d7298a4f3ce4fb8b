"""How each model's answers did. Pure. Every interval takes users, not answers, as independent."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.online.feedback import feedback
from movierec.evaluation.online.grouping import chosen
from movierec.evaluation.online.intervals import mean_interval, share_interval
from movierec.evaluation.online.together import Together

FALLBACK = "popular"


def by_model(sums: Together, confidence: float) -> dict[str, Any]:
    """model → its answers, conversions and their rate with an interval, by tier as well; minutes,
    ratings and the error of those it predicted; which share of its answers were the list of before,
    or most popular movies for want of better; and what its lists and its users' starts hold."""
    models = np.flatnonzero(sums.answered | (sums.censored > 0))
    told = feedback(sums)
    return {
        sums.names["model"][k]: _of_model(sums, k, confidence) | told[k] for k in models.tolist()
    }


def _of_model(sums: Together, k: int, confidence: float) -> dict[str, Any]:
    rows = chosen(sums.rows, sums.rows["model"] == k)
    answers, fallback = rows["answers"], rows["tier"] == _place(sums.names["tier"], FALLBACK)
    n = int(answers.sum())
    tiers = {
        name: _share_of(chosen(rows, (rows["tier"] == tier) & (answers > 0)), confidence)
        for tier, name in enumerate(sums.names["tier"])
    }
    return {
        "arm": sums.names["arm"][int(np.bincount(rows["arm"], answers).argmax())] if n else None,
        "first_day": min(sums.spans[k], default=None),
        "last_day": max(sums.spans[k], default=None),
        **_share_of(rows, confidence),
        "users": len(np.unique(rows["user"][answers > 0])),
        "censored": int(sums.censored[k]),
        "repeated": int(rows["repeated"].sum()) / n if n else 0.0,
        "fallback": int(answers[fallback].sum()) / n if n else 0.0,
        "minutes": _mean(rows, "minutes", "answers", confidence),
        "rating": _mean(rows, "rating", "ratings", confidence, 1 / 100),
        "rmse": _rmse(rows),
        "tiers": {name: found for name, found in tiers.items() if found["answers"]},
    }


def share(answers: NDArray[Any], hits: NDArray[Any], confidence: float) -> dict[str, Any]:
    """Answers and conversions, each of one user."""
    n, conversions = int(answers.sum()), int(hits.sum())
    low, high = share_interval(answers, hits, confidence)
    return {
        "answers": n,
        "conversions": conversions,
        "conversion": conversions / n if n else 0.0,
        "low": low,
        "high": high,
    }


def _share_of(rows: dict[str, NDArray[Any]], confidence: float) -> dict[str, Any]:
    return share(*_by_user(rows, "answers", "conversions"), confidence)


def _mean(
    rows: dict[str, NDArray[Any]], of: str, n: str, confidence: float, unit: float = 1.0
) -> dict[str, Any]:
    """The mean of what was summed up, with its interval; None where there is nothing."""
    counts, sums = _by_user(rows, n, of)
    mean, low, high = mean_interval(counts, sums * unit, confidence)
    low = None if low is None else max(low, 0.0)  # nothing that is summed up is below
    return {"mean": mean, "low": low, "high": high, "count": int(counts.sum())}


def _rmse(rows: dict[str, NDArray[Any]]) -> dict[str, Any]:
    count = int(rows["predicted"].sum())
    squared = float(rows["squared"].sum()) / 1e6
    return {"value": sqrt(squared / count) if count else None, "count": count}


def _by_user(rows: dict[str, NDArray[Any]], n: str, of: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Counts and sums of each user who has one."""
    _, place = np.unique(rows["user"], return_inverse=True)
    counts, sums = np.bincount(place, rows[n]), np.bincount(place, rows[of])
    return counts[counts > 0], sums[counts > 0]


def _place(names: list[str], name: str) -> int:
    return names.index(name) if name in names else -1
