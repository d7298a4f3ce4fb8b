"""Samples of values, counted: of each unit (a user), in each bin, and of each value. Pure.

What a day's distances are told by is in the counts. Those of the days before are added up: they
grow by units and by values that nobody had yet, and not by days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.distinct import begins, distinct


@dataclass(frozen=True)
class Values:
    """Distinct values in ascending order, and how often each is."""

    value: NDArray[np.float64]
    times: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Values":
        """Some values.

        >>> Values.of(np.array([2.0, 1.0, 2.0])).times.tolist()
        [1, 2]
        """
        ascending = np.sort(values.astype(np.float64))
        first = np.flatnonzero(begins(ascending))
        return cls(ascending[first], np.diff(first, append=len(ascending)))

    def __add__(self, other: "Values") -> "Values":
        value = distinct(np.concatenate([self.value, other.value]))
        times = np.zeros(len(value), np.int64)
        for part in (self, other):
            times[np.searchsorted(value, part.value)] += part.times
        return Values(value, times)

    def __len__(self) -> int:
        return int(self.times.sum())

    @property
    def mean(self) -> float:
        """Of all; there must be a value."""
        return float((self.value * self.times).sum()) / len(self)

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of each of some ascending values, which all of ours are among.

        >>> Values.of(np.array([1.0, 2.0])).shares(np.array([1.0, 1.5, 2.0])).tolist()
        [0.5, 0.0, 0.5]
        """
        times = np.zeros(len(values), np.int64)
        times[np.searchsorted(values, self.value)] = self.times
        return times / len(self)

    def share_up_to(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The distribution function; there must be a value.

        >>> Values.of(np.array([1.0, 2.0])).share_up_to(np.array([0.5, 1.5, 2.0])).tolist()
        [0.0, 0.5, 1.0]
        """
        up_to = np.append(0, np.cumsum(self.times))
        share: NDArray[np.float64] = up_to / up_to[-1]
        return share[np.searchsorted(self.value, values, side="right")]


@dataclass(frozen=True)
class Sample:
    """Values in bins 0 … `bins` − 1, each of a unit."""

    unit: NDArray[np.int64]
    """Those that have values, ascending."""
    of_unit: NDArray[np.integer[Any]]
    """How many values each has."""
    in_bin: Mapping[int, NDArray[np.integer[Any]]]
    """Bin → how many each has in it; of the bins that hold any, ascending."""
    values: Values
    bins: int

    @classmethod
    def of(cls, unit: NDArray[Any], value: NDArray[Any], edges: NDArray[Any]) -> "Sample":
        """Values in the bins between ascending `edges`: the first is all below the first edge.

        >>> sample = Sample.of(np.array([7, 5, 7]), np.array([0, 1, 2.5]), np.array([1, 2]))
        >>> sample.unit.tolist(), sample.of_unit.tolist(), sample.counts.tolist()
        ([5, 7], [1, 2], [1, 1, 1])
        """
        units, at = distinct(unit), np.searchsorted(edges, value, side="right")
        row = np.searchsorted(units, unit)
        in_bin = {
            int(k): np.bincount(row[at == k], minlength=len(units))
            for k in np.flatnonzero(np.bincount(at))
        }
        of_unit = np.bincount(row, minlength=len(units))
        return cls(units, of_unit, in_bin, Values.of(value), len(edges) + 1)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Values in each bin."""
        counts = np.zeros(self.bins, np.int64)
        for k, held in self.in_bin.items():
            counts[k] = held.sum()
        return counts


class Before:
    """The samples of some days, added up. Their units are numbers below `units`, and `most` is the
    most values that one may have: memory is of `units` such numbers a bin."""

    def __init__(self, units: int, bins: int, most: int) -> None:
        self.days = 0
        """Added, without values too."""
        self.of_days: list[NDArray[np.int64]] = []
        """Values in each bin, of each day that has any."""
        self._bins = bins
        self._of_unit = np.zeros(units, np.min_scalar_type(most))
        self._in_bin: dict[int, NDArray[np.integer[Any]]] = {}
        self._values = Values.of(np.empty(0))

    def __len__(self) -> int:
        return len(self._values)

    def add(self, sample: Sample) -> None:
        """One more day."""
        self.days += 1
        if not len(sample):
            return
        self.of_days.append(sample.counts)
        self._values += sample.values
        self._of_unit[sample.unit] = self._of_unit[sample.unit] + sample.of_unit
        for k, held in sample.in_bin.items():
            whole = self._in_bin.setdefault(k, np.zeros_like(self._of_unit))
            whole[sample.unit] = whole[sample.unit] + held

    def joined(self) -> Sample:
        """All values of the days."""
        unit = np.flatnonzero(self._of_unit)
        in_bin = {k: self._in_bin[k][unit] for k in sorted(self._in_bin)}
        return Sample(unit, self._of_unit[unit], in_bin, self._values, self._bins)
