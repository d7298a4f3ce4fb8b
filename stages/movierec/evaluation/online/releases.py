"""Each release against the one before it on its arm. Pure.

That is the one whose answers on the arm went on the longest until its own began: behind a rollback
what was gone back to, and not what was rolled back.

The two answered at different times, and times differ: what both arms' users do less of on a Monday
is no fault of Monday's release. Where the other arm kept its release meanwhile, its change over the
same time is taken off: with R the rate of conversions of an answer,

    d = (log R_release − log R_before) − (log R_other, meanwhile − log R_other, before that)

(difference in differences: Card and Krueger 1994; of logarithms, since what a day does to rates it
does to both arms' as a factor). Users are the units: one who is in all four rates counts as one.
The interval of d is a confidence sequence, as those of `experiment`: fit to be looked at nightly.

A logarithm of few conversions says little, and of none nothing, however many were to be expected.
So a release of fewer than FEW is held against the rate that it may have at the least,

    x = R_release / ρ − 1
    ρ = (1 − max_loss) R_before · R_other, meanwhile / R_other, before that

with the variance of a release that has just that rate (a score test: Rao 1948): as its own users
tell none, φ / (ρ n) for n answers, φ being by how much the users of the release before vary beside
their mean.
"""

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.online.experiment import Plan, half_width, narrowest_at
from movierec.evaluation.online.grouping import chosen
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.online.together import Together

WORSE, NOT_WORSE, NO_VERDICT = "worse", "not worse", "no verdict yet"
COVERED = 0.5
"""The other arm kept its release if so much of this arm's answers were given beside that one."""
FEW = 30
"""Conversions of a release: from so many on their logarithm is about as good as normal."""
Rows = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Pair:
    """A release and the one before it: rows of both, and of the other arm at the same times."""

    release: Rows
    before: Rows
    other: tuple[Rows, Rows] | None = None
    adjusted_by: str | None = None

    @property
    def terms(self) -> list[tuple[int, Rows]]:
        """The rates that d is made of, each with its sign."""
        more = [] if self.other is None else [(-1, self.other[0]), (1, self.other[1])]
        return [(1, self.release), (-1, self.before), *more]


def by_release(sums: Together, params: Online) -> dict[str, list[dict[str, Any]]]:
    """arm → its releases but the first, in the order of their first answers, each with what it
    changed and a verdict: `worse` when its loss is surely beyond `max_loss`, `not worse` when it
    is surely not, else none yet."""
    rows = chosen(sums.rows, sums.rows["answers"] > 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for arm, name in enumerate(sums.names["arm"]):
        models = np.unique(rows["model"][rows["arm"] == arm])
        models = models[np.argsort(sums.first[models], kind="stable")]
        if len(models):
            found[name] = [
                _compared(sums, rows, arm, model, _before(sums, models[:k].tolist(), model), params)
                for k, model in enumerate(models.tolist())
                if k
            ]
    return found


def _before(sums: Together, earlier: list[int], model: int) -> int:
    """Which of the `earlier` models of an arm, in the order of their first answers, a model took
    the place of: by days, and of those that answered on the last of them the latest to begin."""
    until = min(sums.spans[model], default="")

    def last(one: int) -> str:
        return max((day for day in sums.spans[one] if day <= until), default="")

    return max(reversed(earlier), key=last)


def _compared(
    sums: Together, rows: Rows, arm: int, model: int, before: int, params: Online
) -> dict[str, Any]:
    pair = _adjusted(sums, rows, arm, (model, before), params.min_users)
    if pair is None:
        own = rows["arm"] == arm
        both = [chosen(rows, own & (rows["model"] == m)) for m in (model, before)]
        pair = Pair(both[0], both[1])
    names = sums.names["model"]
    return {
        "release": names[model],
        "before": names[before],
        **change(pair, params),
        "adjusted_by": pair.adjusted_by,
    }


def _adjusted(
    sums: Together, rows: Rows, arm: int, models: tuple[int, int], min_users: int
) -> Pair | None:
    """The pair beside the release of another arm that was there with both, or None."""
    on_arm = [(rows["arm"] == arm) & (rows["model"] == model) for model in models]
    mine = sums.states[rows["state"], arm]
    for other, name in enumerate(sums.names["arm"]):
        beside = sums.states[rows["state"], other]
        given = beside[on_arm[0]]
        if other == arm or not (given >= 0).any():
            continue
        n = np.bincount(given[given >= 0], rows["answers"][on_arm[0]][given >= 0])
        kept = int(n.argmax())
        control = (rows["arm"] == other) & (rows["model"] == kept)
        cells = [chosen(rows, own & (beside == kept)) for own in on_arm]
        cells += [chosen(rows, control & (mine == model)) for model in models]
        share = n[kept] / rows["answers"][on_arm[0]].sum()
        if share >= COVERED and min(map(_users, cells)) >= min_users:
            return Pair(cells[0], cells[1], (cells[2], cells[3]), name)
    return None


def change(pair: Pair, params: Online) -> dict[str, Any]:
    """By how much the rate changed: `lift`, relatively, with its interval and as a `difference` of
    rates; None while nothing can be said."""
    names = ("difference", "low", "high", "lift", "lift_low", "lift_high")
    blank: dict[str, Any] = dict.fromkeys(names)
    users = min(_users(rows) for _, rows in pair.terms)
    if users < params.min_users:
        why = f"{users} users of a release, online.min_users is {params.min_users}"
        return blank | {"verdict": f"{NO_VERDICT}: {why}"}
    if not all(rows["conversions"].sum() for _, rows in pair.terms[1:]):
        return blank | {
            "verdict": f"{NO_VERDICT}: nothing was gained from what it is compared with"
        }
    few, kept = pair.release["conversions"].sum() < FEW, 1 - params.max_loss
    x, variance = _beyond(pair, kept) if few else _log_change(pair.terms)
    if not variance > 0:
        return blank | {"verdict": f"{NO_VERDICT}: all users did the same"}
    limit = 1 / kept - 1 if few else -log(kept)
    half = half_width(variance, narrowest_at(limit, Plan.of(params)), params.confidence)
    lift, low, high = (
        max(kept * (1 + y), 0.0) - 1 if few else exp(y) - 1 for y in (x, x - half, x + half)
    )
    rate = _rate(pair.before)
    return {
        "difference": rate * lift,
        "low": rate * low,
        "high": rate * high,
        "lift": lift,
        "lift_low": low,
        "lift_high": high,
        "verdict": _verdict(low, high, params.max_loss),
    }


def _verdict(low: float, high: float, max_loss: float) -> str:
    if high < -max_loss:
        return WORSE
    if low > -max_loss:
        return NOT_WORSE
    return f"{NO_VERDICT}: a change between {low:+.1%} and {high:+.1%}"


def _log_change(terms: list[tuple[int, Rows]]) -> tuple[float, float]:
    """d of some rates and its variance: Σ over users of the square of what each adds to it."""
    d, users, parts = 0.0, [], []
    for sign, rows in terms:
        rate, n = _rate(rows), rows["answers"].sum()
        d += sign * log(rate)
        users.append(rows["user"])
        parts.append(sign * (rows["conversions"] - rate * rows["answers"]) / (rate * n))
    return d, _squares(np.concatenate(users), np.concatenate(parts))


def _beyond(pair: Pair, kept: float) -> tuple[float, float]:
    """x of a release of few conversions, `kept` being 1 − max_loss, and its variance."""
    d, variance = _log_change(pair.terms[1:])
    expected = kept * exp(-d) * pair.release["answers"].sum()
    own, before = pair.release["conversions"].sum(), pair.before
    off = before["conversions"] - _rate(before) * before["answers"]
    spread = _squares(before["user"], off) / before["conversions"].sum()
    return float(own / expected) - 1, float(spread / expected) + variance


def _squares(user: NDArray[np.int64], part: NDArray[np.float64]) -> float:
    """Σ over users of the square of what all parts of one are together."""
    _, place = np.unique(user, return_inverse=True)
    return float((np.bincount(place, part) ** 2).sum())


def _rate(rows: Rows) -> float:
    return float(rows["conversions"].sum() / rows["answers"].sum())


def _users(rows: Rows) -> int:
    return len(np.unique(rows["user"]))
