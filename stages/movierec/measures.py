"""Measures of quality. Pure: arrays in, numbers out."""

from math import sqrt
from statistics import NormalDist


def wilson_interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """The Wilson score interval of a proportion: (low, high), both in [0, 1].

    Wilson (1927): (p̂ + z²/2n ± z √(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n). Without trials
    nothing is known: (0, 1). Raises ValueError when 0 ≤ successes ≤ trials does not hold.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, z2n = successes / trials, z * z / trials
    half = z * sqrt(p * (1 - p) / trials + z2n / (4 * trials))
    low, high = (p + z2n / 2 - half) / (1 + z2n), (p + z2n / 2 + half) / (1 + z2n)
    return max(0.0, low), min(1.0, high)
