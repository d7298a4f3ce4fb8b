"""How far predictions are from ratings. Pure: errors in, a number out."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rmse(errors: NDArray[Any]) -> float:
    """Root of the mean square: √(Σ e² / n).

    >>> rmse(np.array([1.0, -1.0, 5.0, 1.0]))
    2.6457513110645907
    """
    return sqrt(float(np.mean(np.square(errors, dtype=np.float64))))


def mae(errors: NDArray[Any]) -> float:
    """Mean size: Σ |e| / n.

    >>> mae(np.array([1.0, -1.0, 5.0, 1.0]))
    2.0
    """
    return float(np.mean(np.abs(errors), dtype=np.float64))
