"""Lines that are read and not yet on disk: of one partition, and which of all to flush."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from kafka import TopicPartition

from movierec.lines.rows import LineBatch
from serve.collector.buffer import OVERHEAD_BYTES, Buffer
from serve.collector.fetch.source import Chunk
from serve.settings import CollectorSettings
from tests.serve.collector.member import HERE, Member


def chunk(start: int, count: int, end: int | None = None, timestamp: int = 7) -> Chunk:
    """Numbered lines, one an offset and one a millisecond from `timestamp` on."""
    offsets = np.arange(start, start + count, dtype=np.int64)
    values = pa.array([str(offset).encode() for offset in offsets], pa.large_binary())
    lines = LineBatch(offsets, np.arange(timestamp, timestamp + count), values)
    return Chunk(lines, start, start + count if end is None else end)


def test_chunks_become_one_batch_up_to_the_last_end() -> None:
    buffer = Buffer(5)
    assert (buffer.start, buffer.end, buffer.rows, buffer.since) == (5, 5, 0, None)
    buffer.add(chunk(5, 2), 1.0)
    buffer.add(chunk(9, 3, end=20), 2.0)
    assert (buffer.start, buffer.end, buffer.rows, buffer.since) == (5, 20, 5, 1.0)
    assert buffer.bytes > 5 * OVERHEAD_BYTES
    lines = buffer.lines()
    assert lines.offsets.tolist() == [5, 6, 9, 10, 11]
    assert lines.values.to_pylist() == [b"5", b"6", b"9", b"10", b"11"]
    buffer.clear()
    assert (buffer.start, buffer.end, buffer.rows, buffer.bytes) == (20, 20, 0, 0)
    assert buffer.since is None and buffer.oldest == -1


def test_an_offset_is_never_taken_twice() -> None:
    buffer = Buffer(0)
    buffer.add(chunk(0, 3), 1.0)
    with pytest.raises(AssertionError, match="offset 2 was read twice, up to 3"):
        buffer.add(chunk(2, 3), 1.0)


def test_it_is_due_by_rows_or_by_age_also_without_a_line() -> None:
    buffer = Buffer(0)
    assert not buffer.is_due(100.0, 1, 0.0)
    buffer.add(chunk(0, 0, end=4), 10.0)
    assert not buffer.is_due(14.9, 1, 5.0)
    assert buffer.is_due(15.0, 1, 5.0)
    buffer.add(chunk(4, 2), 14.0)
    assert not buffer.is_due(14.9, 3, 5.0)
    assert buffer.is_due(14.9, 2, 5.0)


def test_the_oldest_line_is_that_of_the_first_chunk_that_has_one() -> None:
    buffer = Buffer(0)
    assert buffer.oldest == -1
    buffer.add(chunk(0, 0, end=4), 1.0)
    buffer.add(chunk(4, 2, timestamp=1000), 1.0)
    buffer.add(chunk(6, 2, timestamp=2000), 1.0)
    assert buffer.oldest == 1000


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


def test_a_buffer_is_flushed_by_rows_by_age_and_when_all_hold_too_much(bench: Member) -> None:
    bench.read(0, 10)
    assert bench.ours.buffers.due(1.0) == []
    assert bench.ours.buffers.due(bench.settings.segment_seconds) == [HERE]
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.ours.buffers.due(1.0) == [HERE]
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=1)
    assert bench.ours.buffers.due(1.0) == [HERE]


def test_between_chunks_full_buffers_are_flushed_and_old_ones_wait(bench: Member) -> None:
    bench.read(0, 10)
    assert bench.ours.buffers.crowded() == []
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.ours.buffers.crowded() == [HERE]


def test_when_all_hold_too_much_the_largest_are_flushed_and_no_more(bench: Member) -> None:
    small, large = TopicPartition("movielog", 1), TopicPartition("movielog", 2)
    bench.start(small).start(large)
    for partition, count in ((HERE, 10), (small, 2), (large, 40)):
        bench.read(0, count, partition)
    held = sum(buffer.bytes for buffer in bench.ours.buffers.values())
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held)
    assert bench.ours.buffers.due(1.0) == []
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held - 1)
    assert bench.ours.buffers.due(1.0) == [large]


def test_half_of_what_all_may_hold_is_what_they_are_flushed_to(bench: Member) -> None:
    others = [TopicPartition("movielog", number) for number in (1, 2, 3)]
    for partition in others:
        bench.start(partition)
    for partition in (HERE, *others):
        bench.read(0, 10, partition)
    [each] = {buffer.bytes for buffer in bench.ours.buffers.values()}
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=2 * each)
    assert len(bench.ours.buffers.due(1.0)) == 3, "one is left, which is half"


def test_what_was_read_since_the_last_proof_is_forgotten_and_the_rest_stands() -> None:
    buffer = Buffer(5)
    buffer.add(chunk(5, 2), 1.0)
    buffer.prove()
    before = buffer.bytes
    buffer.add(chunk(7, 3), 2.0)
    buffer.add(chunk(10, 1), 2.0)
    assert buffer.drop_unproved() == 4
    assert (buffer.start, buffer.end, buffer.rows, buffer.since) == (5, 7, 2, 1.0)
    assert buffer.lines().offsets.tolist() == [5, 6]
    assert buffer.bytes == before
    assert buffer.drop_unproved() == 0
