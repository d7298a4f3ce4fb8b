"""Sums over columns as long as a window's, a part of them at a time.

NumPy widens what it counts and sums to 8 bytes an entry, all at once: several times the memory of
the column. Here a part goes on with the sums so far, in the order of the column, so that the bits
are those of one sum; and of maps of files no page is kept behind it (`movierec.mapped`).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.mapped import release

PART = 1 << 20
"""Entries that are summed at a time."""


def parts(length: int) -> Iterator[slice]:
    """All of a column, PART entries at a time."""
    for start in range(0, length, PART):
        yield slice(start, min(start + PART, length))


def counted(numbers: NDArray[Any], n: int) -> NDArray[np.int64]:
    """(n,) how often each of 0 … n − 1 is there.

    >>> counted(np.array([0, 2, 2], np.int32), 4).tolist()
    [1, 0, 2, 0]
    """
    counts = np.zeros(n, np.int64)
    for part in parts(len(numbers)):
        counts += np.bincount(numbers[part], minlength=n)
        release([numbers])
    return counts


def summed(
    numbers: NDArray[Any], values_of: Callable[[slice], NDArray[Any]], n: int
) -> NDArray[np.float64]:
    """(n,) the sums of the values of each of 0 … n − 1, in their order; `values_of` is asked for
    those of one part of `numbers` after the other.

    >>> values = np.array([0.5, 1.0, 2.0])
    >>> summed(np.array([0, 2, 2]), lambda part: values[part], 4).tolist()
    [0.5, 0.0, 3.0, 0.0]
    """
    sums = np.zeros(n)
    for part in parts(len(numbers)):
        sums = added(sums, numbers[part], values_of(part))
        release([numbers])
    return sums


def added(
    sums: NDArray[np.float64], numbers: NDArray[Any], values: NDArray[Any]
) -> NDArray[np.float64]:
    """`sums` of 0 … n − 1, gone on with: `values` of `numbers` added one after the other."""
    each, all_values = np.arange(len(sums)), np.concatenate([sums, values])
    return np.bincount(np.concatenate([each, numbers]), all_values, len(sums)).astype(
        np.float64, copy=False
    )


def pairwise(start: int, end: int, values_of: Callable[[slice], NDArray[Any]]) -> Any:
    """What `np.sum` makes of a column's values from `start` to `end`, in their dtype, to the bit:
    it parts them in halves, the first of a multiple of 8."""
    if end - start <= PART:
        return np.add.reduce(values_of(slice(start, end)))
    half = (end - start) // 2
    middle = start + half - half % 8
    return pairwise(start, middle, values_of) + pairwise(middle, end, values_of)


def ranked(values: NDArray[Any], counts: NDArray[np.int64], n: Any) -> Any:
    """The one before which `n` stand in ascending order, of values that are there `counts` times
    each; `n` may be several.

    >>> ranked(np.array([5.0, 2.0]), np.array([1, 3]), np.array([0, 2, 3])).tolist()
    [2.0, 2.0, 5.0]
    """
    order = np.argsort(values, kind="stable")
    return values[order][np.searchsorted(np.cumsum(counts[order]), n, "right")]


def quantiles(
    values: NDArray[np.float64], counts: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What `np.quantile` gives of `np.repeat(values, counts)`, to the bit."""
    last = int(counts.sum()) - 1
    at = last * shares
    low = np.floor(at).astype(np.int64)
    a, b = (ranked(values, counts, np.minimum(place, last)) for place in (low, low + 1))
    t, step = at - low, b - a
    between: NDArray[np.float64] = np.where(t >= 0.5, b - step * (1 - t), a + step * t)
    return between


def picked(column: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """`column[mask]`."""
    some, at = np.empty(np.count_nonzero(mask), column.dtype), 0
    for part in parts(len(column)):
        held = column[part][mask[part]]
        some[at : at + len(held)] = held
        at += len(held)
        release([column])
    return some


def total(length: int, values_of: Callable[[slice], NDArray[Any]]) -> float:
    """The sum of a column's values, in float64 and in their order; 0 of none."""
    so_far = 0.0
    for part in parts(length):
        values = np.concatenate([[so_far], values_of(part)])
        so_far = float(np.add.accumulate(values, dtype=np.float64)[-1])
    return so_far
