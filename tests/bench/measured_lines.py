"""Two lines: what a flush of the store's benchmarks writes."""

import numpy as np
import pyarrow as pa

from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch
from movierec.times import DAY, MILLISECOND, day_number

NOW = day_number("2026-04-01") * DAY


def lines(day: str, start: int) -> pa.Table:
    """Two parsed lines at the offsets from `start`."""
    text = [f"{day}T10:00:00,{user},GET /data/m/jaws+1975/1.mpg".encode() for user in range(2)]
    values = pa.array(text, pa.large_binary())
    return parse_batch(
        LineBatch(np.arange(start, start + 2), np.full(2, -1, dtype=np.int64), values),
        NOW // MILLISECOND,
    )
