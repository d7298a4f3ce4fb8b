"""The table form of log lines: one row a line, good or rejected, on disk and in memory.

>>> line_of({"kind": 3, "time": 0, "digits": 0, "user": 7})
b'1970-01-01T00:00:00,7,GET /create_account'
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.lines.events import EVENT_OF, format_event
from movierec.lines.kinds import REJECTED, SERVED, Kind

SYMBOL = pa.dictionary(pa.int32(), pa.string())

ROWS = pa.schema(
    [
        ("offset", pa.int64()),
        ("kind", pa.uint8()),  # of `kinds.Kind`
        ("time", pa.int64()),  # ns since 1970 in UTC; null when rejected
        ("digits", pa.uint8()),  # how `time` was written; null when rejected
        ("user", pa.int64()),  # null when rejected
        ("movie", SYMBOL),  # watch and rating only
        ("minute", pa.int32()),  # watch only
        ("text", pa.string()),  # the rating, the request or the served line, as written
        ("reason", SYMBOL),  # the rest: null unless rejected
        ("timestamp", pa.int64()),  # of the Kafka record, ms since 1970; -1 when unknown
        ("raw", pa.large_binary()),  # the record's value; null when it had none
    ]
)

STORED = pa.schema([("partition", pa.int32()), *list(ROWS)[:8]])
"""Good lines as readers get them (days and open rows): no rejected line among them."""


class LineBatch(NamedTuple):
    """Lines of ONE partition: three arrays of the same length."""

    offsets: NDArray[np.int64]
    """Strictly ascending; holes are fine."""
    timestamps: NDArray[np.int64]
    """Of the Kafka records, in ms since 1970; -1 when unknown."""
    values: pa.LargeBinaryArray
    """The lines without newline; null for a record without a value."""


def line_of(row: Mapping[str, Any]) -> bytes | None:
    """The original line of one row (as `table.to_pylist()` gives it), to the byte.

    None for a record that had no value.
    """
    if row["kind"] == REJECTED:
        raw: bytes | None = row["raw"]
        return raw
    if row["kind"] == SERVED:
        return str(row["text"]).encode()
    event = EVENT_OF.get(row["kind"])
    if event is None:
        raise ValueError(f"row of kind {row['kind']!r}; expected one of {[*map(int, Kind)]}")
    return format_event(event(*(row[name] for name in event.__slots__)))
