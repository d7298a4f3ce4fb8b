"""How served answers did: of each model, and of the arms against one another. Pure.

Every interval takes users, not answers, as independent: see `experiment`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.evaluation.online import experiment
from movierec.evaluation.online.experiment import Plan, Totals, share_interval
from movierec.evaluation.online.joining import converted, repeats
from movierec.evaluation.online.outcomes import Online as Online
from movierec.routing import Routing, arm
from movierec.times import Nanoseconds

HALVES = "halves"
"""The salt of the A/A check."""


@dataclass(frozen=True)
class Judged:
    """Answers by their time, each with whether it converted; those whose time is over alone."""

    users: NDArray[np.int64]
    models: NDArray[np.str_]
    arms: NDArray[np.str_]
    tiers: NDArray[np.str_]
    hit: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    """Whether it was the list that the user had got before."""
    lists: pa.ChunkedArray
    censored: dict[str, int]
    """model → its answers that were left out."""


def judge(
    answers: pa.Table,
    watches: pa.Table,
    complete: NDArray[np.int64] | None,
    window: Nanoseconds,
) -> Judged:
    """Which answers converted within `window`.

    `complete` says for each answer until when its watches are known; None takes all answers.
    """
    over = np.ones(len(answers), dtype=bool)
    if complete is not None:
        over = answers["time"].to_numpy() + window <= complete
    users, hit = answers["user"].to_numpy(), converted(answers, watches, window)
    models, arms, tiers = (_texts(answers[name])[over] for name in ("model", "arm", "tier"))
    out = Counter(_texts(answers["model"])[~over].tolist())
    repeated, lists = repeats(answers)[over], answers["ids"].filter(pa.array(over))
    return Judged(users[over], models, arms, tiers, hit[over], repeated, lists, dict(out))


def by_model(judged: Judged, confidence: float) -> dict[str, Any]:
    """model → its answers, conversions and their rate with an interval, by tier as well; which
    share of its answers were the list of before, or most popular movies for want of better, and how
    many movies stood in them."""
    result = {}
    for name in sorted({*judged.models.tolist(), *judged.censored}):
        own = judged.models == name
        result[name] = {
            **_rate(judged, own, confidence),
            "users": len(np.unique(judged.users[own])),
            "censored": judged.censored.get(name, 0),
            "repeated": _share_of(judged.repeated[own]),
            "fallback": _share_of(judged.tiers[own] == "popular"),
            "movies": pc.count_distinct(
                pc.list_flatten(judged.lists.filter(pa.array(own)))
            ).as_py(),
            "tiers": {
                tier: _rate(judged, own & (judged.tiers == tier), confidence)
                for tier in sorted(set(judged.tiers[own].tolist()))
            },
        }
    return result


def by_arm(judged: Judged, routing: Routing, plan: Plan, days: int) -> dict[str, Any]:
    """The arms that users are dealt to, each against the first of params.yaml's, and a verdict.

    Arms whose weight is 0 take no part. With more than two, each comparison is as much surer that
    all of them hold (Bonferroni).

    `mismatch`: the p-value of users' first arms under the weights; where it is below 0.001 users
    were not dealt as planned, or answers of an arm are missing, and there is no verdict. `aa` is
    what is found between two halves of all users that no arm sets apart: it should be nothing.
    """
    names = [name for name, weight in routing.weights.items() if weight > 0]
    totals = Totals.of(judged.users, judged.arms, judged.hit, names)
    first = experiment.first_arms(judged.users, judged.arms, names)
    p = experiment.mismatch(first, [routing.weights[name] for name in names])
    plan = replace(plan, confidence=1 - (1 - plan.confidence) / max(1, len(names) - 1))
    comparisons = [experiment.compare(totals, k, 0, plan, days) for k in range(1, len(names))]
    return {
        "arms": {
            name: {
                "users": int(totals.users[k]),
                "users_first": first[k],
                **_share(totals.answers[k], totals.gains[k], plan.confidence),
            }
            for k, name in enumerate(names)
        },
        "mismatch": p,
        "comparisons": comparisons,
        "aa": experiment.compare(halves(judged), 0, 1, plan, days),
        "verdict": _verdict(comparisons, p),
    }


def halves(judged: Judged) -> Totals:
    """All answers, by a half of the users that has nothing to do with arms or models."""
    users, place = np.unique(judged.users, return_inverse=True)
    dealt = [arm(user, HALVES, {"a": 1, "b": 1}) for user in users.tolist()]
    return Totals.of(judged.users, np.asarray(dealt, dtype=str)[place], judged.hit, ["a", "b"])


def _verdict(comparisons: Sequence[Mapping[str, Any]], p: float) -> str:
    if p < experiment.MISMATCH:
        return f"no verdict: the split of users is off plan (p = {p:.2g})"
    return "; ".join(c["verdict"] for c in comparisons) or "no verdict: there is one arm"


def _rate(judged: Judged, own: NDArray[np.bool_], confidence: float) -> dict[str, Any]:
    """Of the answers `own`: how many, and how many converted."""
    _, place = np.unique(judged.users[own], return_inverse=True)
    answers, hits = np.bincount(place), np.bincount(place, judged.hit[own])
    return _share(answers.astype(np.float64), hits.astype(np.float64), confidence)


def _share(
    answers: NDArray[np.float64], hits: NDArray[np.float64], confidence: float
) -> dict[str, Any]:
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


def _share_of(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if len(mask) else 0.0


def _texts(column: Any) -> NDArray[np.str_]:
    return np.asarray(column.to_pylist(), dtype=str)
