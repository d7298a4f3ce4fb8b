"""Which arm's answers do better, and how surely. Pure.

**Users are the unit.** Answers to one user hang together, so every variance is of a sum over users:
a rate R = Σ g / Σ n of gains g on n answers has the influence ψ_u = (g_u − R n_u) / Σ n of a user,
and the variance Σ ψ_u² (the delta method: Deng, Knoblich and Lu 2018). Of a difference of two rates
ψ_u is the difference of both, so that a user whom both arms answered counts as one.

**Looking every night is allowed.** The interval of a difference is a confidence sequence: it holds
the truth at all looks at once with the confidence that was asked for, so one may stop at the first
that excludes 0 (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, theorem 2.2). That is
asymptotic, so too few users decide nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, lambertw
from scipy.stats import norm

from movierec.evaluation.online.intervals import Floats
from movierec.evaluation.online.outcomes import Online

CONCENTRATION = 100.0
"""Of `mismatch`'s prior: how near to the plan a fault in the dealing is looked for."""
MISMATCH = 0.001
"""Below that the split of users is off plan, and no comparison of arms means anything."""
NOTHING_YET = "no difference yet"


@dataclass(frozen=True)
class Plan:
    """How sure a verdict must be, and which difference it is meant to find."""

    confidence: float
    smallest_lift: float
    """The relative difference of two rates that is worth finding; the interval is narrowest when
    there is just enough to find it."""
    power: float
    """The chance of finding it that `days_needed` and `detectable_lift` speak of."""
    min_users: int
    """Of each arm; fewer decide nothing."""

    @classmethod
    def of(cls, params: Online) -> "Plan":
        """As params.yaml has it."""
        return cls(params.confidence, params.smallest_lift, params.power, params.min_users)


@dataclass(frozen=True)
class Totals:
    """How many answers each user had of each arm, and what he made of them."""

    arms: tuple[str, ...]
    answers: Floats
    """(n_arms, n_users)"""
    gains: Floats
    """(n_arms, n_users)"""

    @classmethod
    def of(
        cls,
        users: NDArray[np.int64],
        arms: NDArray[np.str_],
        answers: NDArray[Any],
        gains: NDArray[Any],
        names: Sequence[str],
    ) -> "Totals":
        """Of rows, each with its user and arm, answers and gains; those of no arm of `names` are
        left out."""
        different, place = np.unique(users, return_inverse=True)
        shape = len(names), len(different)
        answered, gained = np.zeros(shape), np.zeros(shape)
        for k, name in enumerate(names):
            own = arms == name
            answered[k] = np.bincount(place[own], answers[own], minlength=len(different))
            gained[k] = np.bincount(place[own], gains[own], minlength=len(different))
        return cls(tuple(names), answered, gained)

    @property
    def rates(self) -> Floats:
        """Gain an answer of each arm; NaN for one that gave none."""
        n = self.answers.sum(axis=1)
        rates = np.full(len(n), np.nan)
        np.divide(self.gains.sum(axis=1), n, out=rates, where=n > 0)
        return rates

    @property
    def influence(self) -> Floats:
        """ψ: of each user on each arm's rate, (n_arms, n_users)."""
        off = self.gains - self.rates[:, None] * self.answers
        psi: Floats = off / self.answers.sum(axis=1)[:, None]
        return psi

    @property
    def users(self) -> NDArray[np.int64]:
        """How many users each arm answered."""
        users: NDArray[np.int64] = np.count_nonzero(self.answers, axis=1)
        return users


def half_width(variance: float, narrowest: float, confidence: float) -> float:
    """Half of a confidence sequence's width where the estimate has this variance.

        V · 2 (1 + 1/τ) · log(√(1 + τ) / α),    τ = τ* · narrowest / V

    with τ* = −W₋₁(−α² / e) − 1, which makes it narrowest, beside √V, at the variance `narrowest`.
    """
    alpha = 1 - confidence
    best = -float(lambertw(-(alpha**2) / np.e, -1).real) - 1
    tau = best * narrowest / variance
    return sqrt(2 * variance * (1 + 1 / tau) * log(sqrt(1 + tau) / alpha))


def compare(totals: Totals, one: int, other: int, plan: Plan, days: int) -> dict[str, Any]:
    """Arm `one` against arm `other`, by their places in `totals`: the difference of their rates
    with its confidence sequence, and a verdict in words.

    `detectable_lift` is the relative difference that these data would have found with `plan.power`;
    `days_needed` are those that finding `smallest_lift` takes in all, at this pace: as far as new
    days bring as much as those before. Both are None while nothing can be said; beside an arm that
    gained nothing `lift` and `detectable_lift` are, and what is worth finding is a share of the
    other's rate.
    """
    names = totals.arms[one], totals.arms[other]
    document: dict[str, Any] = {"arm": names[0], "against": names[1]}
    blank = dict.fromkeys(("difference", "low", "high", "lift", "detectable_lift", "days_needed"))
    few = int(min(totals.users[one], totals.users[other]))
    if few < plan.min_users:
        why = f"{few} users in an arm, online.min_users is {plan.min_users}"
        return {**document, **blank, "verdict": f"{NOTHING_YET}: {why}"}
    rates, psi = totals.rates, totals.influence
    variance = float(((psi[one] - psi[other]) ** 2).sum())
    if not variance > 0:
        return {**document, **blank, "verdict": f"{NOTHING_YET}: all users of an arm did the same"}
    difference = float(rates[one] - rates[other])
    wanted = plan.smallest_lift * float(rates[other] or rates[one])
    narrowest = narrowest_at(wanted, plan)
    half = half_width(variance, narrowest, plan.confidence)
    found = half + float(norm.ppf(plan.power)) * sqrt(variance)
    base = float(rates[other])
    return {
        **document,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "lift": difference / base if base else None,  # nothing is a share of nothing
        "detectable_lift": found / base if base else None,
        "days_needed": ceil(days * variance / narrowest),
        "verdict": verdict(difference, half, names),
    }


def verdict(difference: float, half: float, names: tuple[str, str]) -> str:
    """What an interval around a difference says of the two arms."""
    if difference - half > 0:
        return f"{names[0]} better"
    if difference + half < 0:
        return f"{names[1]} better"
    return NOTHING_YET


def narrowest_at(wanted: float, plan: Plan) -> float:
    """The variance at which a difference `wanted` is found with `plan.power`, by the interval that
    is narrowest there: wanted = √V · (half_width(1, 1) + z_power)."""
    steps = half_width(1.0, 1.0, plan.confidence) + float(norm.ppf(plan.power))
    return (wanted / steps) ** 2


def mismatch(users: Sequence[int], weights: Sequence[float]) -> float:
    """How well counts of users fit the weights, all above 0, by which users are dealt: a p-value
    that may be looked at every night (Lindon and Malek 2022: multinomial counts, one prior)."""
    n = np.asarray(users, dtype=np.float64)
    planned = np.asarray(weights, dtype=np.float64) / sum(weights)
    prior = CONCENTRATION * planned
    evidence = gammaln(prior.sum()) - gammaln(prior.sum() + n.sum())
    evidence += (gammaln(prior + n) - gammaln(prior) - n * np.log(planned)).sum()
    return exp(-min(max(float(evidence), 0.0), 700.0))
