"""Kafka's record batches (magic 2) → LineBatch arrays, without a Python loop over records.

The layout is that of the Kafka protocol (RecordBatch and Record, message format v2), also
written out in kafka-python's `kafka/record/default_records.py`:

    RecordBatch: base offset i64 · length i32 · leader epoch i32 · magic i8 · crc-32c u32 ·
                 attributes i16 · last offset delta i32 · first timestamp i64 · max timestamp
                 i64 · producer id i64 · producer epoch i16 · base sequence i32 · count i32 ·
                 records (compressed as the attributes say)
    Record:      length varint · attributes i8 · timestamp delta varint · offset delta varint ·
                 key bytes · value bytes · headers       (varints are zigzag; length -1 = null)

A batch's header costs one `struct.unpack`; its records are walked by compiled code.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from crc32c import crc32c
from kafka.errors import CorruptRecordError
from numpy.typing import NDArray

from movierec.lines.events import MAX_LINE_BYTES
from movierec.lines.rows import HEAD_BYTES, LineBatch, LongLine
from serve.collector.fetch.giants import lines_of_stream
from serve.collector.fetch.snappyblock import compile_unpacking
from serve.collector.fetch.unpack import pieces, whole

HEADER = struct.Struct(">qiibIhiqqqhii")
LENGTH_END = 12  # base offset and length: what `length` does not count
CRC_END = 21  # the checksum covers everything after itself
MAGIC_AT = 16
MIN_RECORD = 7  # bytes: length, attributes, two deltas, two lengths, header count
CODEC_MASK, APPEND_TIME, TRANSACTIONAL, CONTROL = 0x07, 0x08, 0x10, 0x20
PLAIN_BYTES = 8 << 20
"""What a batch may unpack to and be read in one go; a bigger one is read as a stream."""


class Batch(NamedTuple):
    """The header of one record batch and where its records stand in the buffer."""

    base_offset: int
    next_offset: int
    leader_epoch: int
    attributes: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    records: int
    start: int  # of the records, in bytes from the buffer's start
    end: int

    @property
    def is_control(self) -> bool:
        """A transaction's end marker, no record of a producer."""
        return bool(self.attributes & CONTROL)

    @property
    def is_transactional(self) -> bool:
        """Written within a transaction, which may have been aborted."""
        return bool(self.attributes & TRANSACTIONAL)


def read_batches(buffer: memoryview, check: bool = True) -> Iterator[Batch]:
    """The headers of the complete batches up to the first of an older format, if any.

    The last batch of a fetch may be cut off. Raises CorruptRecordError when a batch does not
    match its CRC-32C.
    """
    position, size = 0, len(buffer)
    while size - position >= HEADER.size:
        (base, length, epoch, magic, crc, attributes, last_delta,
         first_timestamp, max_timestamp, producer_id, _, _, count) = HEADER.unpack_from(
            buffer, position
        )  # fmt: skip
        end = position + LENGTH_END + length
        if end > size or magic != 2:
            return
        if length < HEADER.size - LENGTH_END or count < 0:
            raise CorruptRecordError(f"record batch at offset {base}: impossible header")
        if check and crc32c(buffer[position + CRC_END : end]) != crc:
            raise CorruptRecordError(f"record batch at offset {base}: wrong CRC-32C")
        yield Batch(
            base, base + last_delta + 1, epoch, attributes, first_timestamp, max_timestamp,
            producer_id, count, position + HEADER.size, end,
        )  # fmt: skip
        position = end


def is_abort_marker(buffer: memoryview, batch: Batch) -> bool:
    """Whether a control batch says that its producer's transaction was aborted."""
    records = buffer[batch.start : batch.end]
    # Length, attributes, timestamp and offset deltas are varints; the key is 4 bytes:
    # version i16 and type i16, where 0 is abort and 1 is commit.
    position = 0
    for _ in range(4):
        while records[position] & 0x80:
            position += 1
        position += 1
    if records[position] != 8:  # zigzag of 4
        raise CorruptRecordError(f"control record at offset {batch.base_offset}: impossible key")
    return bytes(records[position + 3 : position + 5]) == b"\0\0"


def plain(buffer: memoryview, batch: Batch) -> memoryview | bytes | None:
    """A batch's records uncompressed, or None when that is more than PLAIN_BYTES."""
    data = buffer[batch.start : batch.end]
    codec = batch.attributes & CODEC_MASK
    return whole(data, codec, PLAIN_BYTES) if codec else data


def decode(batches: list[Batch], plains: list[memoryview | bytes], fetch_offset: int) -> LineBatch:
    """The records of the batches from `fetch_offset` on; their values only, no keys or headers.

    plains: of each batch what `plain` gave. Of a line over MAX_LINE_BYTES the head is taken.
    """
    sizes_of = np.array([len(piece) for piece in plains], np.int64)
    counts = np.array([batch.records for batch in batches], np.int64)
    crowded = np.flatnonzero(counts * MIN_RECORD > sizes_of)
    if len(crowded):
        raise CorruptRecordError(f"record batch {batches[crowded[0]]}: more records than bytes")
    data = np.frombuffer((plains[0] if len(plains) == 1 else b"".join(plains)) or b"-", np.uint8)
    ends = np.cumsum(sizes_of)
    room = _room(int(counts.sum()))
    bases = np.array([batch.base_offset for batch in batches], np.int64)
    firsts = np.array([batch.first_timestamp for batch in batches], np.int64)
    appended = np.array([_appended(batch) for batch in batches], np.int64)
    bad = _walk(data, ends - sizes_of, ends, counts, bases, firsts, appended, *room)
    if bad >= 0:
        raise CorruptRecordError(
            f"record batch at offset {batches[bad].base_offset}: malformed records"
        )
    skip = int(np.searchsorted(room[0], fetch_offset))
    return _lines(data, *(column[skip:] for column in room))


def compile_walks() -> None:
    """Compile what reads record batches, the first time on a machine."""
    decode([], [], 0)
    _walk_window(np.frombuffer(b"-", np.uint8), 0, 0, NO_TIME, *_room(0))
    compile_unpacking()


def stream(buffer: memoryview, batch: Batch) -> Iterator[LineBatch]:
    """The lines of a batch that unpacks to more than PLAIN_BYTES, some megabytes at a time."""
    first, appended = batch.first_timestamp, _appended(batch)

    def stamp_of(delta: int) -> int:
        return appended if appended != NO_TIME else first + delta

    def walk(window: bytes, left: int) -> tuple[int, LineBatch]:
        data = np.frombuffer(window, np.uint8)
        room = _room(min(left, len(window) // MIN_RECORD))
        rows, used = _walk_window(data, batch.base_offset, first, appended, *room)
        return used, _lines(data, *(column[:rows] for column in room))

    parts = pieces(buffer[batch.start : batch.end], batch.attributes & CODEC_MASK)
    yield from lines_of_stream(parts, batch.records, batch.base_offset, stamp_of, walk)


NO_TIME = np.iinfo(np.int64).min
Column = NDArray[np.int64]


def _room(rows: int) -> tuple[Column, Column, Column, Column]:
    """Of each record: offset, timestamp, where its value starts, and its size or -1."""
    offsets, timestamps, starts, sizes = (np.empty(rows, np.int64) for _ in range(4))
    return offsets, timestamps, starts, sizes


def _appended(batch: Batch) -> int:
    """The timestamp of all its records, where the broker gave it; else NO_TIME."""
    return batch.max_timestamp if batch.attributes & APPEND_TIME else NO_TIME


def _lines(
    data: NDArray[np.uint8], offsets: Column, timestamps: Column, starts: Column, sizes: Column
) -> LineBatch:
    """The lines, and of the long ones the heads."""
    long = []
    for row in np.flatnonzero(sizes > MAX_LINE_BYTES):
        value = data[starts[row] : starts[row] + sizes[row]]
        long.append(LongLine.of(int(offsets[row]), value.data))
        sizes[row] = HEAD_BYTES
    return LineBatch(offsets, timestamps, _values(data, starts, sizes), tuple(long))


def _values(
    data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> pa.LargeBinaryArray:
    """The values as an Arrow array; a size of -1 is a null."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(np.maximum(sizes, 0), out=ends[1:])
    packed = np.empty(int(ends[-1]), np.uint8)
    _pack(data, starts, ends, packed)
    nulls = int((sizes < 0).sum())
    valid = pa.py_buffer(np.packbits(sizes >= 0, bitorder="little")) if nulls else None
    buffers = [valid, pa.py_buffer(ends), pa.py_buffer(packed)]
    return pa.Array.from_buffers(pa.large_binary(), len(sizes), buffers, nulls)


@numba.njit(cache=True, nogil=True)
def _varint(data: Any, at: Any, end: Any) -> Any:
    """A zigzag varint and the position after it, which is -1 when it does not end in time."""
    value, shift = np.uint64(0), np.uint64(0)
    while at < end and shift < 64:
        byte = np.uint64(data[at])
        at += 1
        value |= (byte & np.uint64(0x7F)) << shift
        if byte < 128:
            return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), at
        shift += np.uint64(7)
    return 0, -1


@numba.njit(cache=True, nogil=True)
def _record(data: Any, at: Any, end: Any) -> Any:
    """(its end, timestamp delta, offset delta, start of the value, its size) of the record at
    `at`; its end is -1 when it does not lie whole and well before `end`."""
    none = (-1, 0, 0, 0, 0)
    length, at = _varint(data, at, end)
    stop = at + length
    if at < 0 or length < 1 or stop > end:
        return none
    stamp, at = _varint(data, at + 1, stop)
    if at < 0:
        return none
    delta, at = _varint(data, at, stop)
    if at < 0:
        return none
    key, at = _varint(data, at, stop)
    if at < 0 or key > stop - at:
        return none
    size, at = _varint(data, at + max(key, 0), stop)
    if at < 0 or size > stop - at:
        return none
    return stop, stamp, delta, at, max(size, -1)  # headers are of no use here


@numba.njit(cache=True, nogil=True)
def _walk(
    data: Any, begins: Any, ends: Any, counts: Any, bases: Any, firsts: Any, appended: Any,
    offsets: Any, timestamps: Any, starts: Any, sizes: Any,
) -> int:  # fmt: skip
    """Fill the last four arrays, one entry a record; returns the index of a bad batch or -1."""
    row = 0
    for b in range(len(counts)):
        at = begins[b]
        for _ in range(counts[b]):
            at, stamp, delta, start, size = _record(data, at, ends[b])
            if at < 0:
                return b
            offsets[row] = bases[b] + delta
            timestamps[row] = appended[b] if appended[b] != NO_TIME else firsts[b] + stamp
            starts[row] = start
            sizes[row] = size
            if row > 0 and offsets[row] <= offsets[row - 1]:
                return b
            row += 1
        if at != ends[b]:
            return b
    return -1


@numba.njit(cache=True, nogil=True)
def _walk_window(
    data: Any, base: Any, first: Any, appended: Any,
    offsets: Any, timestamps: Any, starts: Any, sizes: Any,
) -> Any:  # fmt: skip
    """Fill the arrays as far as records are whole; (how many there are, where they end)."""
    at = 0
    for row in range(len(offsets)):
        stop, stamp, delta, start, size = _record(data, at, len(data))
        if stop < 0 or (row > 0 and base + delta <= offsets[row - 1]):
            return row, at
        offsets[row] = base + delta
        timestamps[row] = appended if appended != NO_TIME else first + stamp
        starts[row] = start
        sizes[row] = size
        at = stop
    return len(offsets), at


@numba.njit(cache=True, nogil=True)
def _pack(data: Any, starts: Any, ends: Any, packed: Any) -> None:
    """Copy each value to its place, side by side."""
    for i in range(len(starts)):
        size = ends[i + 1] - ends[i]
        packed[ends[i] : ends[i + 1]] = data[starts[i] : starts[i] + size]
