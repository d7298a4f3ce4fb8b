"""How far two samples are from one another, and how far chance alone would put them. Pure.

Values of one unit (a user) hang together, so a sample tells as much as fewer independent values:
its effective size. Whatever is measured of two
samples has a limit: where it would come to lie with a small `chance` if their distributions were
as far apart as is tolerated. So small samples need more to be called different than large ones.
"""

from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from scipy.stats import chi2, kstwobign

from movierec.dataset.distinct import distinct
from movierec.dataset.sample import Before, Sample, Values

EXPECTED = 5.0
"""Values that a bin should hold in the smaller sample: with fewer, what follows from large samples
does not hold, and the bin is joined with the next."""
SMOOTHING = 0.5
"""Added to each count, since the PSI of an empty bin has no limit (Jeffreys' prior)."""


@dataclass(frozen=True)
class Apart:
    """How far a sample is from an older one, and what tells how much of it is chance."""

    psi: float
    ks: float
    bins: int
    """That PSI is of."""
    n: float
    """The sample's effective size."""
    m: float
    """The older one's."""

    def limits(self, psi_tolerated: float, ks_tolerated: float, chance: float) -> tuple[float, ...]:
        """Of `psi` and of `ks`."""
        return (
            psi_limit(psi_tolerated, self.bins, self.n, self.m, chance),
            ks_limit(ks_tolerated, self.n, self.m, chance),
        )


def compare(new: Sample, before: Before) -> Apart | None:
    """A day's sample against those of the days before; None when one side has no values."""
    if not len(new) or not len(before):
        return None
    old = before.joined()
    # Days differ among one another by more than their users do: by what is in fashion, and so on.
    spread = between(before.of_days)
    n = len(new) / max(design_effect(new), spread)
    m = len(old) / max(design_effect(old), spread)
    starts = joined_bins(new.counts, old.counts, n)
    p, q = (np.add.reduceat(sample.counts, starts) for sample in (new, old))
    return Apart(psi(p, q), ks(new.values, old.values), len(starts), n, m)


def psi(p: NDArray[Any], q: NDArray[Any]) -> float:
    """The population stability index Σ (p_k − q_k) ln(p_k / q_k) of two rows of counts: the
    Kullback-Leibler divergences from each to the other, together.

    >>> round(psi(np.array([50, 50]), np.array([50, 50])), 6)
    0.0
    """
    shares = [(counts + SMOOTHING) / (counts + SMOOTHING).sum() for counts in (p, q)]
    return float(rel_entr(*shares).sum() + rel_entr(*reversed(shares)).sum())


def psi_limit(tolerated: float, bins: int, n: float, m: float, chance: float) -> float:
    """tolerated + (1/n + 1/m) χ², of samples of n and m independent values.

    Without any change PSI / (1/n + 1/m) follows χ² with bins − 1 degrees of freedom, so that its
    mean is (bins − 1)(1/n + 1/m) (B. Yurdakul, Statistical properties of population stability
    index, 2018). It is the square of a distance, and what is tolerated and what chance makes are
    independent: squares add.
    """
    if bins < 2:
        return tolerated
    return tolerated + float((1 / n + 1 / m) * chi2.isf(chance, bins - 1))


def ks(new: Values, old: Values) -> float:
    """The Kolmogorov-Smirnov statistic: the largest distance of two distribution functions. SciPy's
    `ks_2samp` has it with a p-value that takes values for independent, and divides by zero of two.

    >>> ks(Values.of(np.array([1.0, 2.0])), Values.of(np.array([2.0, 3.0])))
    0.5
    """
    values = distinct(np.concatenate([new.value, old.value]))
    return float(np.abs(new.share_up_to(values) - old.share_up_to(values)).max())


def ks_limit(tolerated: float, n: float, m: float, chance: float) -> float:
    """The same of the KS statistic: hypot(tolerated, K √(1/n + 1/m)), K Kolmogorov's quantile."""
    return min(1.0, hypot(tolerated, float(kstwobign.isf(chance)) * sqrt(1 / n + 1 / m)))


def design_effect(sample: Sample) -> float:
    """How many times more values a sample has than independent ones would have to be, at least 1:
    the mean over the bins of the variance of a bin's share with units drawn, in that with values
    drawn (Rao and Scott's first-order correction)."""
    units, counts = len(sample.unit), sample.counts
    if units == 1 or np.count_nonzero(counts) < 2:
        return len(sample) / units
    p = counts / len(sample)
    effect = 0.0
    for k, held in sample.in_bin.items():
        residual = held - np.multiply(sample.of_unit, p[k], dtype=np.float64)
        effect += float((residual * residual).sum()) / (len(sample) * p[k])
    effect *= units / (units - 1) / (np.count_nonzero(counts) - 1)
    return max(1.0, effect)


def between(days: list[NDArray[np.int64]]) -> float:
    """By how much more days' rows of counts vary than chance has them vary: the median day's χ² in
    the median of χ². At least 1; 1 for fewer than three days. A day that was unlike the others does
    not raise it: that half of the days which is most like all is what they are held against."""
    if len(days) < 3:
        return 1.0
    table = np.array(days)
    distance = _chi2(table, table)
    distance = _chi2(table, table[distance <= np.median(distance)])
    degrees = np.count_nonzero(table.sum(axis=0)) - 1
    return max(1.0, float(np.median(distance) / chi2.median(degrees))) if degrees else 1.0


def _chi2(table: NDArray[np.int64], held_against: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pearson's χ² of each row, by the shares of all rows that they are held against."""
    total = held_against.sum(axis=0) + SMOOTHING * (table.sum(axis=0) > 0)
    table, total = table[:, total > 0], total[total > 0]
    expected = table.sum(axis=1, keepdims=True) * total / total.sum()
    found: NDArray[np.float64] = ((table - expected) ** 2 / expected).sum(axis=1)
    return found


def joined_bins(p: NDArray[Any], q: NDArray[Any], n: float) -> NDArray[np.int64]:
    """Where bins begin when neighbours are joined until each holds EXPECTED of n values, by the
    mean share of both samples: bins that one sample alone fills are not lost in others.

    >>> joined_bins(np.array([9, 0, 1, 9, 1]), np.array([9, 0, 1, 9, 1]), 20.0).tolist()
    [0, 1]
    """
    expected = n * (p / p.sum() + q / q.sum()) / 2
    starts, held = [0], 0.0
    for k, value in enumerate(expected):
        if held >= EXPECTED:
            starts.append(k)
            held = 0.0
        held += float(value)
    if held < EXPECTED and len(starts) > 1:  # the rest joins the last
        starts.pop()
    return np.array(starts)
