"""How far predictions are from ratings. Pure: errors in, a number out."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rmse(errors: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Root of the mean square: √(Σ e² / n), or √(Σ ω e² / Σ ω) of errors that weigh ω.

    >>> rmse(np.array([1.0, -1.0, 5.0, 1.0]))
    2.6457513110645907
    >>> rmse(np.array([1.0, -1.0, 5.0, 1.0]), np.array([1.0, 1.0, 0.0, 1.0]))
    1.0
    """
    squares = np.square(errors, dtype=np.float64)
    if weights is None:
        return sqrt(float(np.mean(squares)))
    return sqrt(float(np.sum(squares * weights) / np.sum(weights, dtype=np.float64)))


def mae(errors: NDArray[Any]) -> float:
    """Mean size: Σ |e| / n.

    >>> mae(np.array([1.0, -1.0, 5.0, 1.0]))
    2.0
    """
    return float(np.mean(np.abs(errors), dtype=np.float64))
