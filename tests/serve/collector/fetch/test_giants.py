"""Batches that are read as a stream give what they give in one go, and long lines their facts."""

import gzip
import hashlib
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import snappy
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords

from movierec.lines.events import MAX_LINE_BYTES
from movierec.lines.rows import HEAD_BYTES, LineBatch
from serve.collector.fetch import giants, recordbatch, snappyblock, unpack
from serve.collector.fetch.recordbatch import HEADER
from serve.collector.fetch.source import BatchRecords
from tests.serve.collector.fetch.test_recordbatch import WHOLE, made, record
from tests.serve.collector.fetch.test_source import HERE, batch, by_batch

MEGABYTE = 1 << 20
CODECS = [1, 2, 3, 4]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is a giant, and nothing fits a window."""
    monkeypatch.setattr(recordbatch, "PLAIN_BYTES", 0)
    monkeypatch.setattr(unpack, "PIECE_BYTES", 50)
    monkeypatch.setattr(giants, "WINDOW_BYTES", 100)
    monkeypatch.setattr(giants, "CHUNK_ROWS", 7)


def mixed(seed: int) -> list[tuple[int, bytes | None]]:
    """Records of every size, nulls among them."""
    chance = random.Random(seed)
    sizes = [0, 1, 30, 90, 100, 300, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 100_000]
    return [
        (chance.randrange(1000), None if size == 30 else chance.randbytes(size))
        for size in chance.choices(sizes, [4, 9, 3, 9, 9, 3, 1, 1, 1], k=60)
    ]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("start", [0, 3, 55, 100])
def test_a_stream_gives_what_one_go_gives(
    codec: int, start: int, small_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = batch(60, [(1, b"small")])
    data = batch(0, mixed(codec), codec) + small + batch(70, mixed(9), codec) + small[:0]
    streamed = by_batch(data, start)
    monkeypatch.setattr(recordbatch, "PLAIN_BYTES", 1 << 30)
    assert by_batch(data, start) == streamed
    assert len(streamed) > 20


@pytest.mark.parametrize("codec", [0, *CODECS])
@pytest.mark.parametrize(
    ("plain", "window"),
    [(1 << 30, MEGABYTE), (1000, 4 * MEGABYTE), (1000, 100)],
    ids=["in one go", "streamed", "in no window"],
)
def test_of_a_long_line_head_length_and_sha256_are_kept(
    codec: int, plain: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordbatch, "PLAIN_BYTES", plain)
    monkeypatch.setattr(giants, "WINDOW_BYTES", window)
    monkeypatch.setattr(unpack, "PIECE_BYTES", 50_000)
    long = random.Random(1).randbytes(3 * MEGABYTE)
    edge = b"e" * MAX_LINE_BYTES
    data = batch(5, [(1, b"a"), (2, long), (3, None), (4, edge)], codec)
    chunks = [c for c in chunks_of(data, 5) if len(c.lines.offsets)]
    values = [value for chunk in chunks for value in chunk.lines.values.to_pylist()]
    assert values == [b"a", long[:HEAD_BYTES], None, edge]
    facts = [line for chunk in chunks for line in chunk.lines.long]
    assert facts == [(6, len(long), hashlib.sha256(long).hexdigest())]


def chunks_of(data: bytes, start: int = 0) -> Iterator[Any]:
    records = BatchRecords(start, HERE, MemoryRecords(data))
    while records:
        yield from records.take()


@pytest.mark.parametrize("codec", [*CODECS, "raw snappy"])
@pytest.mark.parametrize("size", [100, 50 * MEGABYTE], ids=["small lines", "big lines"])
def test_memory_for_a_bomb_is_bounded_and_every_line_is_there(codec: int | str, size: int) -> None:
    count = 300 * MEGABYTE // max(size, 1000)
    data = batch_of_zeros(size, count, codec)
    rows, peak, chunks = 0, 0, 0
    tracemalloc.start()
    for chunk in chunks_of(data):
        chunks += 1
        rows += len(chunk.lines.offsets)
        assert chunk.lines.values.nbytes < 2 * recordbatch.PLAIN_BYTES
        peak = max(peak, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert rows == count
    assert peak < 64 * MEGABYTE + (snappyblock.REACH_BYTES if codec == "raw snappy" else 0)
    assert chunks < 10, "each is a message to the buffers and some arrays"


def batch_of_zeros(size: int, count: int, codec: int | str) -> bytes:
    records = [(0, bytes(size))] * count
    if isinstance(codec, int):
        return batch(0, records, codec)
    plain = batch(0, records)[HEADER.size :]
    two = made(snappy.compress(plain), count, codec=2)
    return two[: 12 + int.from_bytes(two[8:12])]  # the length that the first says


@pytest.mark.parametrize(
    ("change", "said"),
    [(1, "fewer records than the batch says"), (-1, "bytes behind the last record")],
)
def test_a_count_that_is_wrong_is_refused(
    change: int, said: str, small_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = giants.lines_of_stream

    def with_another_count(parts: Any, records: int, *more: Any) -> Any:
        return read(parts, records + change, *more)

    monkeypatch.setattr(recordbatch, "lines_of_stream", with_another_count)
    with pytest.raises(CorruptRecordError, match=said):
        list(chunks_of(batch(0, [(1, b"abc")] * 100, 4)))


def test_a_stream_that_ends_within_a_record_says_so(small_windows: None) -> None:
    """And not that there are fewer: the record was begun."""
    begun = record(WHOLE)[:-3]

    def nothing_whole(window: bytes, left: int) -> Any:
        none = np.empty(0, np.int64)
        return 0, LineBatch(none, none, pa.array([], pa.large_binary()))

    with pytest.raises(CorruptRecordError, match="a record that ends too early"):
        list(giants.lines_of_stream(iter([begun]), 1, 0, lambda delta: delta, nothing_whole))
    with pytest.raises(CorruptRecordError, match="fewer records than the batch says"):
        list(giants.lines_of_stream(iter([]), 1, 0, lambda delta: delta, nothing_whole))


def test_records_of_one_offset_are_refused() -> None:
    view = memoryview(made(gzip.compress(record(WHOLE) * 2), count=2, codec=1))
    with pytest.raises(CorruptRecordError, match="offsets that do not ascend"):
        list(recordbatch.stream(view, next(recordbatch.read_batches(view))))


def test_what_an_image_compiles_is_what_reads() -> None:
    recordbatch.compile_walks()
    data = batch_of_zeros(100, 200_000, "raw snappy")
    assert sum(len(chunk.lines.offsets) for chunk in chunks_of(data)) == 200_000
    for compiled in (recordbatch._walk_window, snappyblock._go_on):
        assert len(compiled.signatures) == 1


def test_the_last_byte_of_a_stream_may_come_alone() -> None:
    reader = giants.Reader(iter([b"ab", b"c"]))
    assert b"".join(reader.take(3)) == b"abc"
    assert reader.consumed == 3
    with pytest.raises(CorruptRecordError, match="ends too early"):
        list(reader.take(1))
