"""The arms that users are dealt to, against one another. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.online import experiment
from movierec.evaluation.online.experiment import Plan, Totals
from movierec.evaluation.online.models import share
from movierec.evaluation.online.together import Together
from movierec.routing import Routing, arm

HALVES = "halves"
"""The salt of the A/A check."""


def by_arm(sums: Together, routing: Routing, plan: Plan) -> dict[str, Any]:
    """The arms that users are dealt to, each against the first of params.yaml's, and a verdict.

    Arms whose weight is 0 take no part. With more than two, each comparison is as much surer that
    all of them hold (Bonferroni).

    `mismatch`: the p-value of users' first arms under the weights; where it is below 0.001 users
    were not dealt as planned, or answers of an arm are missing, and there is no verdict. `aa` is
    what is found between two halves of all users that no arm sets apart: it should be nothing.
    """
    names = [name for name, weight in routing.weights.items() if weight > 0]
    rows, days = sums.rows, max(1, len(sums.days))
    arms = np.array(sums.names["arm"], dtype=str)[rows["arm"]]
    totals = Totals.of(rows["user"], arms, rows["answers"], rows["conversions"], names)
    met = np.array(sums.names["arm"], dtype=str)[sums.met_arm]
    first = [int((met == name).sum()) for name in names]
    p = experiment.mismatch(first, [routing.weights[name] for name in names])
    plan = replace(plan, confidence=1 - (1 - plan.confidence) / max(1, len(names) - 1))
    comparisons = [experiment.compare(totals, k, 0, plan, days) for k in range(1, len(names))]
    return {
        "arms": {
            name: {
                "users": int(totals.users[k]),
                "users_first": first[k],
                **share(totals.answers[k], totals.gains[k], plan.confidence),
            }
            for k, name in enumerate(names)
        },
        "mismatch": p,
        "comparisons": comparisons,
        "aa": experiment.compare(halves(sums), 0, 1, plan, days),
        "verdict": _verdict(comparisons, p),
    }


def halves(sums: Together) -> Totals:
    """All answers, by a half of the users that has nothing to do with arms or models."""
    rows = sums.rows
    half = dealt(rows["user"], HALVES, {"a": 1, "b": 1})
    return Totals.of(rows["user"], half, rows["answers"], rows["conversions"], ["a", "b"])


def elsewhere(sums: Together, routing: Routing) -> int:
    """How many answers another arm gave than `routing` says: it stood in, or was asked by name, or
    users were dealt otherwise then."""
    planned = dealt(sums.rows["user"], routing.salt, routing.weights)
    gave = np.array(sums.names["arm"], dtype=str)[sums.rows["arm"]]
    return int(sums.rows["answers"][planned != gave].sum())


def dealt(users: NDArray[np.int64], salt: str, weights: Mapping[str, float]) -> NDArray[np.str_]:
    """The arm that each of `users` is dealt to."""
    different, place = np.unique(users, return_inverse=True)
    arms = [arm(user, salt, weights) for user in different.tolist()]
    return np.asarray(arms, dtype=str)[place]


def _verdict(comparisons: Sequence[Mapping[str, Any]], p: float) -> str:
    if p < experiment.MISMATCH:
        return f"no verdict: the split of users is off plan (p = {p:.2g})"
    return "; ".join(c["verdict"] for c in comparisons) or "no verdict: there is one arm"
