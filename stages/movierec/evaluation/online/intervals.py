"""The intervals of one share and of one mean, each of all that users did. Pure.

**Users are the unit**, as in `experiment`: answers to one user hang together. These are of one
look; what arms are compared by holds at every look.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

Floats = NDArray[np.float64]


def share_interval(answers: Floats, gains: Floats, confidence: float) -> tuple[float, float]:
    """The interval of a share Σ gains / Σ answers, each of one user: (low, high) in [0, 1].

    Wilson's score interval (1927) of as many independent answers as tell as much as these do
    (Korn and Graubard 1998), with Student's quantile of as many users. Where no answer gained, or
    all did, every user counts as one answer. Of fewer than two users nothing is known: (0, 1).
    """
    n, users = float(answers.sum()), int((answers > 0).sum())
    if users < 2:
        return 0.0, 1.0
    share = float(gains.sum()) / n
    variance = float(((gains - share * answers) ** 2).sum()) / n**2 * users / (users - 1)
    effective = min(n, share * (1 - share) / variance) if variance else float(users)
    z2 = t.ppf((1 + confidence) / 2, users - 1) ** 2 / effective
    middle = (share + z2 / 2) / (1 + z2)
    half = sqrt(z2 * share * (1 - share) + z2**2 / 4) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(
    counts: Floats, sums: Floats, confidence: float
) -> tuple[float | None, float | None, float | None]:
    """The mean Σ sums / Σ counts, each of one user, and its interval: (mean, low, high), with
    Student's quantile of as many users. Of fewer than two users there is no interval."""
    n, users = float(counts.sum()), int((counts > 0).sum())
    if not users:
        return None, None, None
    mean = float(sums.sum()) / n
    if users < 2:
        return mean, None, None
    variance = float(((sums - mean * counts) ** 2).sum()) / n**2 * users / (users - 1)
    half = float(t.ppf((1 + confidence) / 2, users - 1)) * sqrt(variance)
    return mean, mean - half, mean + half
