"""How far predictions are from ratings. Pure: errors in, a number out."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.sums import pairwise


def rmse(errors: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Root of the mean square: √(Σ e² / n), or √(Σ ω e² / Σ ω) of errors that weigh ω.

    >>> rmse(np.array([1.0, -1.0, 5.0, 1.0]))
    2.6457513110645907
    >>> rmse(np.array([1.0, -1.0, 5.0, 1.0]), np.array([1.0, 1.0, 0.0, 1.0]))
    1.0
    """
    if weights is None:
        return sqrt(_mean(errors, lambda part: np.square(part, dtype=np.float64)))
    squares = np.square(errors, dtype=np.float64)
    return sqrt(float(np.sum(squares * weights) / np.sum(weights, dtype=np.float64)))


def mae(errors: NDArray[Any]) -> float:
    """Mean size: Σ |e| / n.

    >>> mae(np.array([1.0, -1.0, 5.0, 1.0]))
    2.0
    """
    return _mean(errors, lambda part: np.abs(part).astype(np.float64, copy=False))


def _mean(errors: NDArray[Any], of: Callable[[NDArray[Any]], NDArray[np.float64]]) -> float:
    """What `np.mean` gives of all that `of` makes of the errors, some of which it is given."""
    return float(pairwise(0, len(errors), lambda part: of(errors[part])) / len(errors))
