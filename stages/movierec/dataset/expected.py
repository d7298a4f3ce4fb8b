"""What a day's number should be by the days before it, and how far off it may be. Pure.

A day is compared with those of its weekday, once there is one, else with all: weekends differ from
other days. How far days usually are from that is taken from the days themselves, by medians,
so that one day unlike the others neither shifts what is expected nor widens what is allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

MAD = 1.4826
"""Of a normal distribution: the standard deviation in median absolute deviations."""
PRIOR = 3
"""Days that what sampling would make of days counts as, beside those that there were."""
MOST = 50.0
"""Past e⁵⁰ nothing differs any more, and numbers stay numbers."""
OF_MEDIAN = 1.5708
"""The variance of a median in that of a mean: π/2."""


@dataclass(frozen=True)
class Level:
    """The logarithm of a day's number, which may be some times more or fewer."""

    weekday: int
    value: float
    variance: float
    """Of its sampling: what it would have if all days were alike."""
    counted: bool
    """Whether that falls with the number, as a count's: then a count that is far off says nothing
    about what chance does to the one that was expected."""

    @classmethod
    def of_count(cls, weekday: int, count: int, whole: int = 0, of_unit: float = 1.0) -> "Level":
        """A count, or its share of a whole. Counts of one unit hang together: `of_unit` is how many
        they are, by their squares. A half is added, for none."""
        return cls(weekday, log((count + 0.5) / (whole + 1)), of_unit / (count + 0.5), True)


@dataclass(frozen=True)
class Share:
    """A day's share of so many independent units, which may rise."""

    weekday: int
    value: float
    units: float

    @property
    def variance(self) -> float:
        """Of its sampling."""
        return self.value * (1 - self.value) / self.units


@dataclass(frozen=True)
class Expected:
    """What the days before lead one to expect of a day."""

    value: float
    days: int
    """How many it is the median of."""
    spread: float
    """How far days are from their median: a variance."""
    variance: float
    """Mean sampling variance of those days."""

    @classmethod
    def of(cls, before: Sequence[Level] | Sequence[Share], weekday: int) -> "Expected":
        """From the days before a day of `weekday`, at least one."""
        value = np.array([day.value for day in before])
        weekdays = np.array([day.weekday for day in before])
        own = peers(weekdays, weekday)
        variance = float(np.mean([day.variance for day in before]))
        return cls(float(np.median(value[own])), int(own.sum()), _spread(value, weekdays), variance)


def peers(weekdays: NDArray[np.int64], weekday: int) -> NDArray[np.bool_]:
    """Which days one of `weekday` is compared with.

    >>> peers(np.array([4, 5, 6, 5]), 5).tolist(), peers(np.array([4, 5, 6, 0]), 2).tolist()
    ([False, True, False, True], [True, True, True, True])
    """
    same = weekdays == weekday
    return same if same.any() else np.ones(len(weekdays), bool)


def _spread(value: NDArray[np.float64], weekdays: NDArray[np.int64]) -> float:
    """By the days' distances from the median of their weekday, or of all where it has one day."""
    residual = np.empty(len(value))
    alone = np.zeros(len(value), bool)
    for weekday in range(7):
        own = weekdays == weekday
        if own.sum() == 1:
            alone |= own
        else:
            residual[own] = _residual(value[own], value[own])
    residual[alone] = _residual(value[alone], value)
    return (MAD * float(np.median(np.abs(residual)))) ** 2


def _residual(value: NDArray[np.float64], days: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the median of some `days`, which they are of: a day pulls that of few towards itself."""
    n = len(days)
    return (value - np.median(days)) * sqrt(n / max(n - 1, 1)) if len(value) else value


def change(
    today: Level, before: Sequence[Level], tolerated: float, chance: float
) -> tuple[float, float]:
    """By which factor a day is above or below what is expected, and the factor that it may be:
    hypot(ln tolerated, z σ). What is tolerated and what chance makes are independent: squares add.

    σ² is sampling's, by as much more or less as the days before have shown: users who come back
    every day make days more alike than sampling would.
    """
    expected = Expected.of(before, today.weekday)
    known = len(before) - 1
    shown = expected.spread / expected.variance if expected.variance else 0.0
    times = (PRIOR + known * shown) / (PRIOR + known)
    off = today.value - expected.value
    own = today.variance * exp(off) if today.counted else today.variance
    variance = times * (own + expected.variance * OF_MEDIAN / expected.days)
    bound = hypot(log(tolerated), float(norm.isf(chance / 2)) * sqrt(variance))
    return exp(abs(off)), exp(min(bound, MOST))


def rise(today: Share, before: Sequence[Share], tolerated: float, chance: float) -> float:
    """What a day's share may be: hypot(tolerated, what chance makes) above what is expected."""
    expected = Expected.of(before, today.weekday)
    units = sum(day.units for day in before)
    # One more than were seen, of as many: where there was none there may have been one.
    likely = (expected.value * units + 1) / (units + 1)
    usual = sqrt(max(0.0, expected.spread - expected.variance))
    wander = float(norm.isf(chance)) * usual * sqrt(1 + OF_MEDIAN / expected.days)
    n = max(1, int(today.units))
    by_chance = float(binom.isf(chance, n, min(1.0, likely + wander))) / n - expected.value
    return min(1.0, expected.value + hypot(tolerated, by_chance))
