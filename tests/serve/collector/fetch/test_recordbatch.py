"""Record batches by hand: one that is cut or overlong is refused, and nothing read behind it."""

import struct

import pytest
from kafka.errors import CorruptRecordError
from kafka.record.util import calc_crc32c

from serve.collector.fetch.recordbatch import (
    CONTROL,
    Batch,
    decode,
    is_abort_marker,
    plain,
    read_batches,
)
from tests.serve.collector.fetch.test_source import batch

HEADER_BYTES = 61
WHOLE = [0, 2, 0, 1, 6, *b"abc", 0]
"""A record: attributes, timestamp 1, offset 0, no key, a value of 3, no headers."""


def made(body: bytes, count: int = 1, codec: int = 0) -> bytes:
    """A batch with a good checksum around `body`, and another batch behind it."""
    header = bytearray(batch(0, [(0, b"x")])[:HEADER_BYTES])
    struct.pack_into(">i", header, 8, HEADER_BYTES - 12 + len(body))
    struct.pack_into(">h", header, 21, codec)
    struct.pack_into(">i", header, 57, count)
    data = header + body
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data) + batch(1000, [(0, b"behind")] * 5)


def headed(length: int, count: int) -> bytes:
    """A header alone that says so, with a good checksum."""
    header = bytearray(batch(0, [(0, b"x")])[:HEADER_BYTES])
    struct.pack_into(">i", header, 8, length)
    struct.pack_into(">i", header, 57, count)
    struct.pack_into(">I", header, 17, calc_crc32c(bytes(header[21 : 12 + length])))
    return bytes(header)


def record(fields: list[int]) -> bytes:
    return bytes([2 * len(fields), *fields])


def values(data: bytes) -> list[bytes | None]:
    view = memoryview(data)
    batches = list(read_batches(view, True))
    plains = [piece for batch in batches if (piece := plain(view, batch)) is not None]
    found: list[bytes | None] = decode(batches, plains, 0).values.to_pylist()
    return found


def test_a_whole_record_is_read() -> None:
    assert values(made(record(WHOLE))) == [b"abc", *[b"behind"] * 5]


def test_records_of_as_few_bytes_as_there_can_be_are_read() -> None:
    """No key, no value, no headers: a tombstone without a key."""
    least = [record([0, 0, 2 * delta, 1, 1, 0]) for delta in range(9)]
    assert {len(one) for one in least} == {7}
    assert values(made(b"".join(least), count=9)) == [*[None] * 9, *[b"behind"] * 5]


def test_a_batch_that_was_compacted_away_is_passed_over() -> None:
    """Kafka keeps the header of a producer's last batch."""
    assert values(made(b"", count=0)) == [b"behind"] * 5


@pytest.mark.parametrize(("length", "count"), [(49, -1), (48, 0), (48, 1)])
def test_a_header_that_no_broker_writes_is_refused(length: int, count: int) -> None:
    with pytest.raises(CorruptRecordError, match="offset 0: impossible header"):
        list(read_batches(memoryview(headed(length, count))))


def test_a_size_that_the_next_batch_would_end_is_refused() -> None:
    """With the zero byte behind its record it would say -1: a null."""
    with pytest.raises(CorruptRecordError, match="offset 0: malformed"):
        values(made(record([0, 2, 0, 4, *b"ky", 0x81])))


def test_a_checksum_is_compared_unless_one_says_not_to() -> None:
    data = bytearray(made(record(WHOLE)))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordError, match="wrong CRC-32C"):
        list(read_batches(memoryview(data)))
    assert len(list(read_batches(memoryview(data), check=False))) == 2


def test_records_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(CorruptRecordError, match="offset 0: malformed"):
        values(made(record(WHOLE) * 2, count=2))


def test_more_records_than_bytes_are_refused_before_there_is_room_made_for_them() -> None:
    with pytest.raises(CorruptRecordError, match="more records than bytes"):
        values(made(record(WHOLE), count=2))


@pytest.mark.parametrize("field", [1, 2, 3, 4])
def test_a_record_that_ends_within_a_varint_is_refused(field: int) -> None:
    cut = [*WHOLE[:field], *[0x80] * 7]  # each of them says that another byte follows
    with pytest.raises(CorruptRecordError, match="offset 0: malformed"):
        values(made(record(cut)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x80",  # the length goes on behind the batch
        b"\x80" * 11,
        b"\x00",  # a record of no byte
        bytes([200, 0, 2, 0]),  # longer than the batch
        record([0, 2, 0, 1, 90, *b"abc", 0]),  # a value longer than its record
        record([0, 2, 0, 90, *b"abc", 0]),  # such a key
        record([0, *[0x80] * 10, 0, *WHOLE[2:]]),  # a varint of more than 64 bits
        record(WHOLE) + b"\x00",  # something after the last record
    ],
)
def test_a_batch_that_does_not_hold_its_records_is_refused(body: bytes) -> None:
    with pytest.raises(CorruptRecordError):
        values(made(body))


def marked(*fields: int) -> bool:
    """What a control record of these bytes, behind another batch, says of its transaction."""
    before = b"before"
    start, end = len(before), len(before) + len(fields)
    here = Batch(0, 1, 0, CONTROL, 0, 0, 7, 1, start, end)
    return is_abort_marker(memoryview(before + bytes(fields)), here)


@pytest.mark.parametrize(
    "numbers",
    [(26, 0, 0, 0), (0x9A, 1, 0, 0x81, 0x80, 1, 0x82, 1)],
    ids=["a byte each", "two bytes and three"],
)
def test_a_marker_says_how_its_transaction_ended_however_long_its_numbers(
    numbers: tuple[int, ...],
) -> None:
    assert marked(*numbers, 8, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0) is True
    assert marked(*numbers, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 0) is False
    with pytest.raises(CorruptRecordError, match="offset 0: impossible key"):
        marked(*numbers, 6, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0)
