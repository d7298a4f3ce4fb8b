"""The table form of log lines: one row a line, good or rejected, on disk and in memory."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.lines.events import Account, Event, Rating, Request, Watch, format_event

WATCH, RATING, REQUEST, ACCOUNT, SERVED, REJECTED = 0, 1, 2, 3, 4, 255
KINDS = {WATCH: "watch", RATING: "rating", REQUEST: "request", ACCOUNT: "account", SERVED: "served"}

SYMBOL = pa.dictionary(pa.int32(), pa.string())

ROWS = pa.schema(
    [
        ("offset", pa.int64()),
        ("kind", pa.uint8()),  # one of KINDS, or REJECTED
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
    when = (row["time"], row["digits"], row["user"])
    event: Event
    match row["kind"]:
        case 0:
            event = Watch(*when, row["movie"], row["minute"])
        case 1:
            event = Rating(*when, row["movie"], row["text"])
        case 2:
            event = Request(*when, row["text"])
        case 3:
            event = Account(*when)
        case kind:
            raise ValueError(f"row of kind {kind!r}; expected one of {[*KINDS, REJECTED]}")
    return format_event(event)
