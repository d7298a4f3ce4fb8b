"""How far predictions are from ratings. Pure: errors in, a number out."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rmse(errors: NDArray[Any]) -> float:
    """Root of the mean square: √(Σ e² / n)."""
    return sqrt(float(np.mean(np.square(errors, dtype=np.float64))))


def mae(errors: NDArray[Any]) -> float:
    """Mean size: Σ |e| / n."""
    return float(np.mean(np.abs(errors), dtype=np.float64))
