"""A record batch too big to be unpacked at once → its lines, read as a stream.

Small records are walked a window at a time by the compiled code; of one that is longer than a
window the value goes by, and leaves its head, length and sha256.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from kafka.errors import CorruptRecordError

from movierec.lines.events import MAX_LINE_BYTES
from movierec.lines.rows import HEAD_BYTES, LineBatch, LongLine, joined

WINDOW_BYTES = 1 << 20
CHUNK_BYTES = 8 << 20
CHUNK_ROWS = 1 << 18

Walk = Callable[[bytes, int], tuple[int, LineBatch]]
"""(window, records left) → the bytes that whole records fill, and their lines."""


class Reader:
    """Plain bytes that come in pieces: `window` is what was read and not yet consumed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.window = b""
        self.consumed = 0

    def fill(self, size: int) -> bool:
        """Make the window at least `size` long; False when the stream ends before that."""
        parts, have = [self.window], len(self.window)
        while have < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
            have += len(piece)
        self.window = b"".join(parts) if len(parts) > 1 else self.window
        return have >= size

    def skip(self, size: int) -> None:
        """Consume so much of the window."""
        self.window = self.window[size:]
        self.consumed += size

    def take(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, in pieces. Raises CorruptRecordError when there are fewer."""
        if size < 0:
            raise CorruptRecordError("a record with an impossible length")
        while size:
            if not self.window and not self.fill(1):
                raise CorruptRecordError("a record that ends too early")
            part = self.window[:size]
            self.skip(len(part))
            size -= len(part)
            yield part

    def varint(self) -> int:
        """A zigzag varint."""
        value = 0
        for shift in range(0, 70, 7):
            (byte,) = next(self.take(1))
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
        raise CorruptRecordError("a number of more than 64 bits")


def lines_of_stream(
    pieces: Iterator[bytes], records: int, base: int, stamp_of: Callable[[int], int], walk: Walk
) -> Iterator[LineBatch]:
    """The lines of one batch, some megabytes at a time.

    `stamp_of` gives a record's timestamp by its delta, `base` is the offset of delta 0.
    """
    reader, left, last = Reader(pieces), records, base - 1
    waiting: list[LineBatch] = []
    while left:
        more = reader.fill(WINDOW_BYTES)
        used, lines = walk(reader.window, left)
        if not len(lines.offsets):
            if not more and not reader.window:
                raise CorruptRecordError("fewer records than the batch says")
            lines = _giant(reader, base, stamp_of)
        else:
            reader.skip(used)
        if lines.offsets[0] <= last:
            raise CorruptRecordError("offsets that do not ascend")
        last = int(lines.offsets[-1])
        left -= len(lines.offsets)
        waiting.append(lines)
        rows = sum(len(part.offsets) for part in waiting)
        if rows >= CHUNK_ROWS or sum(part.values.nbytes for part in waiting) >= CHUNK_BYTES:
            yield joined(waiting)
            waiting = []
    if reader.fill(1):
        raise CorruptRecordError("bytes behind the last record")
    yield joined(waiting)


def _giant(reader: Reader, base: int, stamp_of: Callable[[int], int]) -> LineBatch:
    """The one record that the window does not hold whole."""
    length = reader.varint()
    end = reader.consumed + length
    for _ in reader.take(1):  # attributes
        pass
    stamp, delta, key = stamp_of(reader.varint()), reader.varint(), reader.varint()
    for _ in reader.take(max(key, 0)):
        pass
    size = reader.varint()
    kept, digest = bytearray(), hashlib.sha256()
    most = size if size <= MAX_LINE_BYTES else HEAD_BYTES
    for part in reader.take(max(size, 0)):
        digest.update(part)
        kept += part[: most - len(kept)]
    for _ in reader.take(end - reader.consumed):  # headers are of no use here
        pass
    value = None if size < 0 else bytes(kept)
    long = LongLine(base + delta, size, digest.hexdigest())
    return LineBatch(
        np.array([base + delta], np.int64),
        np.array([stamp], np.int64),
        pa.array([value], pa.large_binary()),
        (long,) if size > MAX_LINE_BYTES else (),
    )
