"""Whether what was measured before users predicted what users did: an order of releases beside
another. Pure.

    ρ = Spearman's rank correlation of a measure and conversion, a release a pair

p is the share of all orders of the releases in which ρ is as far from 0 (a permutation test, exact
up to EXACT releases). The interval is Fisher's z with the variance of Bonett and Wright (2000),
(1 + ρ²/2) / (n − 3); a perfect order counts as half a step less than one, since it has no finite z.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, permutation_test, rankdata

FEWEST = 6
"""Of five, even a perfect order is nothing rare among three measures."""
EXACT = 8
RESAMPLES = 9999
CONFIDENCE = 0.95
BETTER = {"rmse": -1, "recall": 1, "ndcg": 1}
"""measure → the sign that ρ has if it predicts: a lower RMSE is better."""


@dataclass(frozen=True)
class Order:
    """How a measure's order of releases fits that of their conversion."""

    measure: str
    releases: int
    rho: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    verdict: str = ""


def order_of(measure: str, values: Sequence[float], conversion: Sequence[float]) -> Order:
    """The order of a measure's values beside that of conversion, an entry a release each."""
    n = len(values)
    if n < FEWEST:
        return Order(measure, n, verdict=f"too few releases to say: {n}, of at least {FEWEST}")
    x, y = (standard(ranks) for ranks in (rankdata(values), rankdata(conversion)))
    if not (x.any() and y.any()):
        return Order(measure, n, verdict="nothing to say: all releases have one value")
    rho = float(x @ y)
    test = permutation_test(
        (x,),
        lambda ranks, axis: np.sum(ranks * y, axis=axis),
        permutation_type="pairings",
        vectorized=True,
        n_resamples=np.inf if n <= EXACT else RESAMPLES,
        rng=np.random.default_rng(n),
    )
    low, high = interval(rho, n)
    return Order(
        measure, n, rho, low, high, float(test.pvalue), _verdict(measure, rho, test.pvalue)
    )


def standard(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks around 0, of length 1; all 0 where they are one."""
    off: NDArray[np.float64] = ranks - ranks.mean()
    return off / max(sqrt(float(off @ off)), np.finfo(float).tiny)


def interval(rho: float, n: int) -> tuple[float, float]:
    """The interval of a rank correlation of n pairs.

    >>> low, high = interval(0.5, 12)
    >>> f"{low:.2f} to {high:.2f}"
    '-0.14 to 0.85'
    """
    most = 1 - 6 / (n * (n**2 - 1))
    z = atanh(max(-most, min(most, rho)))
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * sqrt((1 + rho**2 / 2) / (n - 3))
    return tanh(z - half), tanh(z + half)


def _verdict(measure: str, rho: float, p: float) -> str:
    """In words; of several measures, one is as much surer (Bonferroni)."""
    if p > (1 - CONFIDENCE) / len(BETTER):
        return "not to be told from chance"
    if np.sign(rho) == BETTER[measure]:
        return "it predicted conversion"
    return "the better it was, the less users took up"
