"""Distinct values and orders, by sorting. NumPy's `unique` hashes since 2.3, which costs a hundred
times as much where most of many values differ; and its sort of values is vectorised, that of their
places is not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The distinct values, ascending.

    >>> distinct(np.array([3, 1, 3, 2, 1])).tolist()
    [1, 2, 3]
    """
    values = np.sort(values)
    return values[begins(values)]


def begins(ascending: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each of some ascending values is the first of its kind.

    >>> begins(np.array([1, 1, 2])).tolist()
    [True, False, True]
    """
    new = np.ones(len(ascending), bool)
    new[1:] = ascending[1:] != ascending[:-1]
    return new


def sorted_order(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of `keys`, none of them negative, in ascending order; of equal ones in theirs.

    Key and place are sorted as one number wherever both fit into its 63 bits.

    >>> sorted_order(np.array([7, 3, 7, 0])).tolist()
    [3, 1, 0, 2]
    """
    bits = len(keys).bit_length()
    if len(keys) and int(keys.max()) >> (63 - bits):
        return np.argsort(keys, kind="stable")
    both = keys << bits | np.arange(len(keys))
    both.sort()
    places: NDArray[np.int64] = both & ((1 << bits) - 1)
    return places
