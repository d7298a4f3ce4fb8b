"""Random numbers whose bits are the same on every machine.

NumPy's exp, log and normal deviates depend on the processor in their last bit, and a last
bit can decide who watches what. So the simulator draws uniform numbers (integers, scaled by
a power of two) and combines them by + − × ÷ √ alone, which IEEE 754 fixes to the bit.
"""

import numpy as np
from numpy.typing import NDArray

from movierec.hashing import mix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNIFORMS = 12
"""A sum of twelve uniform numbers has variance 1: near enough to a normal deviate."""


def stream(*key: int) -> np.random.Generator:
    """A generator of its own for each `key` (seed, purpose, day …)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def bell(random: np.random.Generator, *shape: int) -> Floats:
    """Deviates of mean 0 and variance 1, within ±6, bell-shaped."""
    total = random.random(shape)
    for _ in range(UNIFORMS - 1):
        total = total + random.random(shape)
    return total - UNIFORMS / 2


def race(random: np.random.Generator, weights: Floats) -> Floats:
    """Arrival times of a race: the k smallest of a row are a weighted draw without repeats.

    `u / (1 − u)` stands in for an exponential deviate: both have density 1 near zero, which
    is where races are won.
    """
    u = random.random(weights.shape)
    return u / ((1.0 - u) * weights)


def partition_of(users: Ints, partitions: int) -> Ints:
    """The partition that holds all lines of each user."""
    return (mix(users) % np.uint64(partitions)).astype(np.int64)
