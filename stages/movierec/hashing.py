"""A hash of whole numbers that is the same on every machine and for ever."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mix(values: NDArray[Any]) -> NDArray[np.uint64]:
    """splitmix64 of 64-bit integers: every bit of the input reaches every bit of the result."""
    x = values.astype(np.uint64, copy=False) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
