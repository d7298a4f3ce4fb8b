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

import gzip
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from crc32c import crc32c
from kafka import codec
from kafka.errors import CorruptRecordError, UnsupportedCodecError
from numpy.typing import NDArray

from movierec.lines.rows import LineBatch

HEADER = struct.Struct(">qiibIhiqqqhii")
LENGTH_END = 12  # base offset and length: what `length` does not count
CRC_END = 21  # the checksum covers everything after itself
MAGIC_AT = 16
MIN_RECORD = 7  # bytes: length, attributes, two deltas, two lengths, header count
CODEC_MASK, APPEND_TIME, TRANSACTIONAL, CONTROL = 0x07, 0x08, 0x10, 0x20
DECODERS = {
    1: (codec.has_gzip, gzip.decompress, "gzip"),
    2: (codec.has_snappy, codec.snappy_decode, "snappy"),
    3: (codec.has_lz4, codec.lz4_decode, "lz4"),
    4: (codec.has_zstd, codec.zstd_decode, "zstd"),
}


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


def decode(buffer: memoryview, batches: list[Batch], fetch_offset: int) -> LineBatch:
    """The records of the batches from `fetch_offset` on; their values only, no keys or headers."""
    data, spans = _plain(buffer, batches)
    counts = np.array([batch.records for batch in batches], np.int64)
    crowded = np.flatnonzero(counts * MIN_RECORD > spans[:, 1] - spans[:, 0])
    if len(crowded):
        raise CorruptRecordError(f"record batch {batches[crowded[0]]}: more records than bytes")
    total = int(counts.sum())
    offsets = np.empty(total, np.int64)
    timestamps = np.empty(total, np.int64)
    starts = np.empty(total, np.int64)
    sizes = np.empty(total, np.int64)
    bases = np.array([batch.base_offset for batch in batches], np.int64)
    firsts = np.array([batch.first_timestamp for batch in batches], np.int64)
    appended = np.array(
        [b.max_timestamp if b.attributes & APPEND_TIME else NO_TIME for b in batches], np.int64
    )
    bad = _walk(data, spans, counts, bases, firsts, appended, offsets, timestamps, starts, sizes)
    if bad >= 0:
        raise CorruptRecordError(
            f"record batch at offset {batches[bad].base_offset}: malformed records"
        )
    skip = int(np.searchsorted(offsets, fetch_offset))
    return LineBatch(offsets[skip:], timestamps[skip:], _values(data, starts[skip:], sizes[skip:]))


NO_TIME = np.iinfo(np.int64).min


def _plain(buffer: memoryview, batches: list[Batch]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One buffer with all records uncompressed, and where each batch's records lie in it."""
    if not any(batch.attributes & CODEC_MASK for batch in batches):
        spans = np.array([(batch.start, batch.end) for batch in batches], np.int64)
        return np.frombuffer(buffer, np.uint8), spans.reshape(-1, 2)
    pieces = [_decompress(buffer[b.start : b.end], b.attributes & CODEC_MASK) for b in batches]
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    spans = np.stack([ends - [len(piece) for piece in pieces], ends], axis=1)
    return np.frombuffer(b"".join(pieces), np.uint8), spans


def _decompress(data: memoryview, kind: int) -> bytes | memoryview:
    if kind == 0:
        return data
    if kind not in DECODERS:
        raise UnsupportedCodecError(f"record batch with unknown compression {kind}")
    available, decoder, name = DECODERS[kind]
    if not available():
        raise UnsupportedCodecError(f"record batch compressed with {name}: its library is missing")
    try:
        plain: bytes = decoder(data.tobytes())
    except Exception as error:  # each library has errors of its own
        raise CorruptRecordError(f"record batch does not decompress as {name}: {error}") from error
    return plain


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
def _walk(
    data: Any, spans: Any, counts: Any, bases: Any, firsts: Any, appended: Any,
    offsets: Any, timestamps: Any, starts: Any, sizes: Any,
) -> int:  # fmt: skip
    """Fill the last four arrays, one entry a record; returns the index of a bad batch or -1."""
    row = 0
    for b in range(len(counts)):
        at, end = spans[b, 0], spans[b, 1]
        for _ in range(counts[b]):
            length, at = _varint(data, at, end)
            stop = at + length
            if at < 0 or length < 1 or stop > end:
                return b
            stamp, at = _varint(data, at + 1, stop)
            if at < 0:
                return b
            delta, at = _varint(data, at, stop)
            if at < 0:
                return b
            key, at = _varint(data, at, stop)
            if at < 0 or key > stop - at:
                return b
            size, at = _varint(data, at + max(key, 0), stop)
            if at < 0 or size > stop - at:
                return b
            offsets[row] = bases[b] + delta
            timestamps[row] = appended[b] if appended[b] != NO_TIME else firsts[b] + stamp
            starts[row] = at
            sizes[row] = max(size, -1)
            if row > 0 and offsets[row] <= offsets[row - 1]:
                return b
            row += 1
            at = stop  # headers are of no use here
        if at != end:
            return b
    return -1


@numba.njit(cache=True, nogil=True)
def _pack(data: Any, starts: Any, ends: Any, packed: Any) -> None:
    """Copy each value to its place, side by side."""
    for i in range(len(starts)):
        size = ends[i + 1] - ends[i]
        packed[ends[i] : ends[i + 1]] = data[starts[i] : starts[i] + size]
