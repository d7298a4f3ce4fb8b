"""Initial values: `numpy.random.RandomState(seed).normal`, with the same bits everywhere.

RandomState calls the C library's `log`, whose last bit differs between processors and
versions. The same stream of uniform numbers goes here through a logarithm made of IEEE
operations only, so a value differs from numpy's by a few units in its last place at most.
"""

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel

CHUNK = 1 << 18
"""Uniform numbers drawn at a time."""

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
"""ln 2 in two parts, the first with 20 zero bits at its end (as in fdlibm)."""


def normals(seed: int, mean: float, deviation: float, count: int) -> NDArray[np.float64]:
    """(count,) normal numbers, in the order of RandomState(seed).normal(mean, deviation, count)."""
    source = np.random.RandomState(seed)
    out = np.empty(count + CHUNK)
    filled = 0
    while filled < count:
        filled += _polar(source.random_sample(CHUNK), out[filled:])
    out = out[:count]
    out *= deviation
    out += mean
    return out


@kernel
def _polar(uniform: NDArray[np.float64], out: NDArray[np.float64]) -> int:
    """Marsaglia's polar method, two numbers from each point inside the unit circle:

        x₁, x₂ = 2u₁ − 1, 2u₂ − 1      s = x₁² + x₂² < 1      x₂·f, x₁·f with f = √(−2 ln s / s)

    Returns how many numbers it wrote.
    """
    n = 0
    squares = np.empty(len(uniform) // 2)
    for k in range(0, len(uniform), 2):
        x1, x2 = 2.0 * uniform[k] - 1.0, 2.0 * uniform[k + 1] - 1.0
        s = x1 * x1 + x2 * x2
        out[2 * n], out[2 * n + 1], squares[n] = x2, x1, s
        n += int(s < 1.0 and s != 0.0)
    bits = squares.view(np.int64)
    for k in range(n):
        s = squares[k]
        # s = m·2^e with m in [√½, √2): move the bits of √½ to a power of two, and back.
        e = (bits[k] - 0x3FE6A09E667F3BCD) >> 52
        bits[k] -= e << 52
        m = squares[k]
        # ln m = 2 artanh t with t = (m − 1)/(m + 1); |t| < 0.1716, so t²⁴/25 < 2⁻⁶⁵.
        t = (m - 1.0) / (m + 1.0)
        w = t * t
        series = 1 / 23
        for odd in (21, 19, 17, 15, 13, 11, 9, 7, 5, 3):
            series = series * w + 1.0 / odd
        log_m = 2.0 * t + 2.0 * t * w * series
        f = np.sqrt(-2.0 * (e * LN2_HIGH + (log_m + e * LN2_LOW)) / s)
        out[2 * k] *= f
        out[2 * k + 1] *= f
    return 2 * n
