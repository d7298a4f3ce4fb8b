"""The table form of log lines: one row a line, good or rejected, on disk and in memory.

>>> line_of({"kind": 3, "time": 0, "digits": 0, "user": 7})
b'1970-01-01T00:00:00,7,GET /create_account'
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.lines.events import EVENT_OF, MAX_LINE_BYTES, format_event
from movierec.lines.kinds import REJECTED, SERVED, Kind

MAX_KEPT_BYTES = 4096
"""A refused line up to here is kept whole: a good one with 20 of the longest ids has 2.7 kB."""
HEAD_BYTES = 1024
"""Of a longer one so much is kept, with its length and SHA-256."""

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
        # The rating, the request or the served line, as written; `LongLine.text` of a cut line.
        ("text", pa.string()),
        ("reason", SYMBOL),  # the rest: null unless rejected
        ("timestamp", pa.int64()),  # of the Kafka record, ms since 1970; -1 when unknown
        ("raw", pa.large_binary()),  # the record's value; null when it had none
    ]
)

STORED = pa.schema([("partition", pa.int32()), *list(ROWS)[:8]])
"""Good lines as readers get them (days and open rows): no rejected line among them."""


class LongLine(NamedTuple):
    """What is kept of a refused line over MAX_KEPT_BYTES, beside its head."""

    offset: int
    length: int
    """In bytes."""
    sha256: str

    @classmethod
    def of(cls, offset: int, value: bytes | memoryview) -> "LongLine":
        """That of the whole line `value`."""
        return cls(offset, len(value), hashlib.sha256(value).hexdigest())

    @property
    def text(self) -> str:
        """For the column of a row; `facts_of_long` reads it."""
        return f"{self.length} {self.sha256}"


class LineBatch(NamedTuple):
    """Lines of ONE partition: three arrays of the same length."""

    offsets: NDArray[np.int64]
    """Strictly ascending; holes are fine."""
    timestamps: NDArray[np.int64]
    """Of the Kafka records, in ms since 1970; -1 when unknown."""
    values: pa.LargeBinaryArray
    """The lines without newline; null for a record without a value."""
    long: tuple[LongLine, ...] = ()
    """Those over MAX_LINE_BYTES, of which `values` holds the head alone, by offset."""

    def moved(self, shift: int) -> "LineBatch":
        """The same lines at other offsets."""
        long = tuple(line._replace(offset=line.offset + shift) for line in self.long)
        return self._replace(offsets=self.offsets + shift, long=long)

    def beginning(self, offset: int) -> "LineBatch":
        """The lines from an offset on."""
        first = int(np.searchsorted(self.offsets, offset))
        if not first:
            return self
        long = tuple(line for line in self.long if line.offset >= offset)
        return LineBatch(self.offsets[first:], self.timestamps[first:], self.values[first:], long)


def cut(offset: int, value: bytes) -> tuple[bytes, LongLine]:
    """The head of a refused line over MAX_KEPT_BYTES, and what else is kept of it."""
    return value[:HEAD_BYTES], LongLine.of(offset, value)


def cut_long(batch: LineBatch) -> LineBatch:
    """The batch with the head alone of each line over MAX_LINE_BYTES."""
    sizes = pc.fill_null(pc.binary_length(batch.values), 0).to_numpy()
    places = np.flatnonzero(sizes > MAX_LINE_BYTES)
    if not len(places):
        return batch
    values, long = batch.values.to_pylist(), []
    for place in places:
        values[place], line = cut(int(batch.offsets[place]), values[place])
        long.append(line)
    return batch._replace(values=pa.array(values, pa.large_binary()), long=tuple(long))


def joined(batches: Sequence[LineBatch]) -> LineBatch:
    """Several batches that follow each other as one."""
    if len(batches) == 1:
        return batches[0]
    return LineBatch(
        np.concatenate([np.empty(0, np.int64), *(batch.offsets for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.timestamps for batch in batches)]),
        pa.concat_arrays([pa.array([], pa.large_binary()), *(batch.values for batch in batches)]),
        tuple(line for batch in batches for line in batch.long),
    )


def facts_of_long(text: str | None) -> dict[str, Any]:
    """`length` and `sha256` of a cut line by its `text`; nothing of any other refused line.

    >>> facts_of_long("70000 00ff")
    {'length': 70000, 'sha256': '00ff'}
    """
    if text is None:
        return {}
    length, sha256 = text.split()
    return {"length": int(length), "sha256": sha256}


def is_line_of(row: Mapping[str, Any], line: bytes | None) -> bool:
    """Whether a row (as `table.to_pylist()` gives it) is that of a line, a cut one by its hash."""
    if row["kind"] == REJECTED and row["text"] is not None and line is not None:
        return bool(LongLine.of(0, line).text == row["text"])
    return line_of(row) == line


def line_of(row: Mapping[str, Any]) -> bytes | None:
    """The original line of one row (as `table.to_pylist()` gives it), to the byte.

    None for a record that had no value; of a refused line that was cut its head.
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
