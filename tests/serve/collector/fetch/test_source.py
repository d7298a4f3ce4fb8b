"""Whole record batches give exactly what kafka-python's own loop over records gives."""

import struct
from typing import Any, ClassVar

import kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.protocol.consumer import IsolationLevel
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords
from kafka.record.util import calc_crc32c

from serve.collector.fetch import source as collector_source
from serve.collector.fetch.recordbatch import HEADER
from serve.collector.fetch.source import BatchRecords, Chunk, hands_over_batches, of_records, poll

HERE = TopicPartition("movielog", 0)
Record = tuple[int, bytes | None]  # timestamp, value


def batch(base: int, records: list[Record], codec: int = 0, **producer: int) -> bytes:
    """One record batch whose first offset is `base`; keys and headers are there to be skipped."""
    transactional = {"producer_id": -1, "producer_epoch": -1, "base_sequence": -1} | producer
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=bool(producer), batch_size=1 << 30,
        **transactional,
    )  # fmt: skip
    for delta, (timestamp, value) in enumerate(records):
        builder.append(delta, timestamp, b"key" if delta % 2 else None, value, [("h", b"v")])
    made = bytearray(builder.build())
    made[:8] = struct.pack(">q", base)  # the checksum leaves the base offset out
    return bytes(made)


def by_record(data: bytes, start: int = 0, **more: Any) -> list[tuple[int, int, bytes | None]]:
    """What the client's own class gives: (offset, timestamp, value)."""
    records = Fetcher.PartitionRecords(start, HERE, MemoryRecords(data), **more).take()
    return [(record.offset, record.timestamp, record.value) for record in records]


def by_batch(data: bytes, start: int = 0, **more: Any) -> list[tuple[int, int, bytes | None]]:
    """The same from whole batches, which must follow each other."""
    source = BatchRecords(start, HERE, MemoryRecords(data), **more)
    rows: list[tuple[int, int, bytes | None]] = []
    end = start
    while source:
        for chunk in source.take():
            assert chunk.start == end
            end = chunk.end
            rows += rows_of(chunk)
    assert end == source.next_fetch_offset
    return rows


def rows_of(chunk: Chunk) -> list[tuple[int, int, bytes | None]]:
    offsets, timestamps, values, _ = chunk.lines
    return list(zip(offsets.tolist(), timestamps.tolist(), values.to_pylist(), strict=True))


RECORDS = st.lists(
    st.tuples(st.integers(0, 2**41), st.none() | st.binary(max_size=200)), min_size=1, max_size=20
)


@given(
    batches=st.lists(st.tuples(RECORDS, st.sampled_from([0, 1, 2, 3, 4])), min_size=1, max_size=5),
    hole=st.integers(0, 5),
    skipped=st.integers(0, 30),
    cut=st.integers(0, 60),
)
def test_both_sources_are_equal(
    batches: list[tuple[list[Record], int]], hole: int, skipped: int, cut: int
) -> None:
    data, base = b"", 0
    for records, codec in batches:
        data += batch(base, records, codec)
        base += len(records) + hole
    data = data[: len(data) - cut] if cut < len(data) else data  # a fetch may be cut short
    assert by_batch(data, min(skipped, base)) == by_record(data, min(skipped, base))


def test_a_chunk_ends_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector_source, "CHUNK_BYTES", 1)
    data = batch(0, [(1, b"a")]) + batch(1, [(2, b"b"), (3, None)]) + batch(3, [(4, b"")])
    source = BatchRecords(0, HERE, MemoryRecords(data))
    chunks = [chunk for _ in range(3) for chunk in source.take()]
    assert [(chunk.start, chunk.end) for chunk in chunks] == [(0, 1), (1, 3), (3, 4)]
    assert by_batch(data) == by_record(data)


def test_the_fetcher_is_told_once_that_a_fetch_is_drained_and_what_it_gave() -> None:
    """By that it turns to the other partitions, so that none starves behind a full one."""
    data = batch(0, [(1, b"a")]) + batch(1, [(2, b"b")])
    told: list[int] = []
    source = BatchRecords(
        0, HERE, MemoryRecords(data), on_drain=lambda s: told.append(s.bytes_read)
    )
    assert [(chunk.start, chunk.end) for chunk in source.take()] == [(0, 2)]
    source.drain()
    assert source.take() == []
    assert told == [len(data) - 2 * HEADER.size]
    assert (not source, source.leader_epoch, source.next_fetch_offset) == (True, 0, 2)


@pytest.mark.parametrize("at", [70, -1])
def test_a_changed_byte_is_refused(at: int) -> None:
    data = bytearray(batch(0, [(1, b"first"), (2, b"second")]))
    data[at] ^= 1
    with pytest.raises(CorruptRecordError):
        by_batch(bytes(data))
    with pytest.raises(CorruptRecordError):
        by_record(bytes(data))


def test_lines_of_an_aborted_transaction_are_left_out() -> None:
    own = {"producer_id": 7, "producer_epoch": 0, "base_sequence": 0}
    data = batch(0, [(1, b"a"), (2, b"b")]) + batch(2, [(3, b"no"), (4, b"no")], **own)
    data += batch(4, [(5, b"c")])
    told = {
        "isolation_level": IsolationLevel.READ_COMMITTED,
        "aborted_transactions": [Aborted(7, 2)],
    }
    assert [value for _, _, value in by_batch(data, **told)] == [b"a", b"b", b"c"]
    assert by_batch(data, **told) == by_record(data, **told)


def test_a_reader_of_all_lines_gets_those_of_aborted_transactions() -> None:
    data = transactional(0, b"kept", 7) + marker(1, 7, commit=False) + batch(2, [(1, b"plain")])
    told = {"aborted_transactions": [Aborted(7, 0)]}
    told["isolation_level"] = IsolationLevel.READ_UNCOMMITTED
    assert [value for _, _, value in by_batch(data, **told)] == [b"kept", b"plain"]
    assert by_batch(data, **told) == by_record(data, **told)


class Aborted:
    """A transaction as the broker names it beside the records."""

    def __init__(self, producer_id: int, first_offset: int) -> None:
        self.producer_id, self.first_offset = producer_id, first_offset


def marker(base: int, producer: int, *, commit: bool) -> bytes:
    """The control batch that ends a transaction: a key of version and type, a value of epoch."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=True, batch_size=1 << 14,
        producer_id=producer, producer_epoch=0, base_sequence=-1,
    )  # fmt: skip
    builder.append(0, 9, struct.pack(">hh", 0, int(commit)), struct.pack(">hi", 0, 0), [])
    made = bytearray(builder.build())
    made[:8] = struct.pack(">q", base)
    (attributes,) = struct.unpack_from(">h", made, 21)
    struct.pack_into(">h", made, 21, attributes | 0x20)  # is_control
    struct.pack_into(">I", made, 17, calc_crc32c(made[21:]))
    return bytes(made)


def transactional(base: int, value: bytes, producer: int) -> bytes:
    return batch(base, [(1, value)], producer_id=producer, producer_epoch=0, base_sequence=0)


def committed(data: bytes, *aborted: Aborted) -> list[bytes | None]:
    """What a reader of committed lines gets, the same from both sources."""
    told = {"isolation_level": IsolationLevel.READ_COMMITTED, "aborted_transactions": list(aborted)}
    assert by_batch(data, **told) == by_record(data, **told)
    return [value for _, _, value in by_batch(data, **told)]


@pytest.mark.parametrize("own", [0, 7])  # the first producer that a broker knows is 0
def test_a_marker_ends_the_aborted_transaction_and_is_no_line(own: int) -> None:
    data = transactional(0, b"no", own) + marker(1, own, commit=False)
    data += transactional(2, b"yes", own) + marker(3, own, commit=True) + batch(4, [(1, b"plain")])
    assert committed(data, Aborted(own, 0)) == [b"yes", b"plain"]


def test_aborted_transactions_of_several_producers_are_taken_by_offset() -> None:
    data = transactional(0, b"no", 7) + transactional(1, b"no", 8) + marker(2, 8, commit=False)
    data += transactional(3, b"yes", 8) + marker(4, 8, commit=True) + marker(5, 7, commit=False)
    data += transactional(6, b"no", 8) + transactional(7, b"yes", 7) + marker(8, 7, commit=True)
    data += marker(9, 8, commit=False)
    told = [Aborted(8, 6), Aborted(7, 0), Aborted(8, 1)]
    assert committed(data, *told) == [b"yes", b"yes"]


class Consumer:
    """As much of a KafkaConsumer as `poll` looks at."""

    config: ClassVar[dict[str, int]] = {}

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._fetcher = type("F", (), {"PartitionRecords": Fetcher.PartitionRecords})()

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        made = self._fetcher.PartitionRecords(0, HERE, MemoryRecords(self.data))
        return {HERE: made.take()}


def test_another_version_falls_back_to_the_public_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    data = batch(0, [(1, b"a"), (2, None)]) + batch(2, [(3, b"c")])
    handed, public = Consumer(data), Consumer(data)
    assert hands_over_batches(handed)
    monkeypatch.setattr(kafka, "__version__", "3.0.13")
    assert not hands_over_batches(public)
    ((_, whole),) = poll(handed, 0)
    ((_, single),) = poll(public, 0)
    assert isinstance(handed.poll(0)[HERE][0], Chunk)
    assert not isinstance(public.poll(0)[HERE][0], Chunk)
    assert rows_of(whole) == rows_of(single) == by_record(data)
    assert (whole.start, whole.end) == (single.start, single.end) == (0, 3)


def test_a_fetcher_of_another_shape_falls_back() -> None:
    consumer = Consumer(b"")
    consumer._fetcher.PartitionRecords = type("P", (), {"__init__": lambda self, tp: None})
    assert not hands_over_batches(consumer)
    assert not hands_over_batches(object())


def test_the_version_that_is_pinned_hands_over() -> None:
    assert kafka.__version__ in collector_source.HANDED_OVER


def test_public_records_become_one_chunk() -> None:
    records = Fetcher.PartitionRecords(0, HERE, MemoryRecords(batch(5, [(1, b"x")]))).take()
    assert rows_of(of_records(records)) == [(5, 1, b"x")]
