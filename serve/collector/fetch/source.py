"""What `KafkaConsumer.poll` gives, as whole chunks of lines instead of one object a record.

kafka-python builds an object for each record, which costs about 7 µs a line. Its fetcher
makes one `PartitionRecords` for each fetched partition and asks it to `take` records. On the
version named in HANDED_OVER we put a class of our own in that place, whose `take` gives one
Chunk for many record batches; positions, staleness, pauses and rebalances stay the client's
own business. On any other version the records of the public `poll` become the same chunks.
"""

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import kafka
import numpy as np
import pyarrow as pa
from kafka import TopicPartition
from kafka.protocol.consumer import IsolationLevel

from movierec.lines.rows import LineBatch, cut_long
from serve.collector.fetch.recordbatch import (
    MAGIC_AT,
    PLAIN_BYTES,
    Batch,
    decode,
    is_abort_marker,
    plain,
    read_batches,
    stream,
)

HANDED_OVER = ("3.0.12",)
"""The versions of kafka-python whose fetcher has been read and tested."""

PARAMETERS = [
    "self", "fetch_offset", "tp", "records", "key_deserializer", "value_deserializer",
    "check_crcs", "isolation_level", "aborted_transactions", "metric_aggregator", "on_drain",
]  # fmt: skip

CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk ends with the record batch that takes it past this size as fetched, or past
PLAIN_BYTES unpacked; of a batch that is bigger than that there are several chunks."""
CHUNKS_A_POLL = 8
"""So much is in memory at most before the buffers hear of it, whatever messages unpack to."""


class Chunk(NamedTuple):
    """Lines of one partition that follow each other; `end` is the next offset to read.

    `end` may lie past the last line: compaction and transactions leave offsets without lines.
    """

    lines: LineBatch
    start: int
    end: int

    def moved(self, shift: int) -> "Chunk":
        """The same lines at other offsets."""
        return Chunk(self.lines.moved(shift), self.start + shift, self.end + shift)


def hands_over_batches(consumer: Any) -> bool:
    """Make `consumer.poll` give Chunks if its fetcher has the known shape; False if not."""
    fetcher: Any = getattr(consumer, "_fetcher", None)
    original = getattr(fetcher, "PartitionRecords", None)
    if kafka.__version__ not in HANDED_OVER or original is None:
        return False
    if list(inspect.signature(original.__init__).parameters) != PARAMETERS:
        return False
    fetcher.PartitionRecords = partial(records_of_fetch, original)
    consumer.config["max_poll_records"] = CHUNKS_A_POLL  # it counts chunks now
    return True


def poll(consumer: Any, timeout_ms: int) -> Iterator[tuple[TopicPartition, Chunk]]:
    """What has been fetched since the last call, each partition's chunks in order."""
    for partition, taken in consumer.poll(timeout_ms=timeout_ms).items():
        for whole, records in groupby(taken, lambda record: isinstance(record, Chunk)):
            for chunk in records if whole else [of_records(list(records))]:
                yield partition, chunk


def of_records(records: list[Any]) -> Chunk:
    """The public records of one partition as a chunk. The client has unpacked them: what is in
    memory at a time is the client's business here."""
    lines = LineBatch(
        np.array([record.offset for record in records], np.int64),
        np.array([-1 if r.timestamp is None else r.timestamp for r in records], np.int64),
        pa.array([record.value for record in records], pa.large_binary()),
    )
    return Chunk(cut_long(lines), records[0].offset, records[-1].offset + 1)


def records_of_fetch(original: Any, fetch_offset: int, tp: Any, records: Any, **more: Any) -> Any:
    """BatchRecords, or the client's own class for a log that begins in an older format."""
    buffer = memoryview(records._buffer)
    if len(buffer) > MAGIC_AT and buffer[MAGIC_AT] != 2:
        return original(fetch_offset, tp, records, **more)
    return BatchRecords(fetch_offset, tp, records, **more)


class BatchRecords:
    """Stands in for `kafka.consumer.fetcher.Fetcher.PartitionRecords` (see PARAMETERS).

    The fetcher reads `topic_partition`, `next_fetch_offset`, `leader_epoch`, `bytes_read`,
    calls `take` and `drain`, and asks for the truth value: whether there is more to take.
    """

    def __init__(
        self,
        fetch_offset: int,
        tp: TopicPartition,
        records: Any,
        key_deserializer: Any = None,
        value_deserializer: Any = None,
        check_crcs: bool = True,
        isolation_level: int = 0,
        aborted_transactions: Any = None,
        metric_aggregator: Any = None,  # None: we have metrics of our own, the client's are off
        on_drain: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self.topic_partition = tp
        self.fetch_offset = fetch_offset
        self.next_fetch_offset = fetch_offset
        self.leader_epoch = -1
        self.bytes_read = 0
        self._on_drain = on_drain
        self._buffer = memoryview(records._buffer)
        self._batches: Iterator[Batch] | None = read_batches(self._buffer, check_crcs)
        self._giant: tuple[Batch, Iterator[LineBatch]] | None = None
        self._ahead: tuple[Batch, memoryview | bytes | None] | None = None
        self._committed = isolation_level == IsolationLevel.READ_COMMITTED
        self._begun = deque(sorted(aborted_transactions or [], key=lambda t: t.first_offset))
        self._aborting: set[int] = set()  # producers inside a transaction that was aborted

    def __bool__(self) -> bool:
        return self._batches is not None

    def drain(self) -> None:
        """Nothing more will be taken. The fetcher is told once, and when `bytes_read` is more
        than 0 asks for the other partitions first next time: none starves behind a full one."""
        if self._batches is not None:
            self._batches = self._giant = self._ahead = None
            self._on_drain(self)

    def take(self, n: int | None = None) -> list[Chunk]:
        """The next chunk, in a list as the fetcher expects; drained when none follows.

        Raises CorruptRecordError, after which the fetch is dropped and asked for again.
        """
        if self._batches is None:
            return []
        start = self.next_fetch_offset
        try:
            lines = self._next_lines()
        except Exception:
            self.drain()
            raise
        return [Chunk(lines, start, self.next_fetch_offset)]

    def _next_lines(self) -> LineBatch:
        """The lines of the next chunk; moves `next_fetch_offset` past them."""
        if self._giant is None:
            batches, plains = self._next_batches()
            if self._giant is None:
                return decode(batches, plains, self.fetch_offset)
        return self._next_of_giant(*self._giant)

    def _next_batches(self) -> tuple[list[Batch], list[memoryview | bytes]]:
        """The next batches for us, with what they unpack to, or one that is too big for a chunk
        as `_giant`; drains at the last one."""
        chosen: list[Batch] = []
        plains: list[memoryview | bytes] = []
        most, room = self.bytes_read + CHUNK_BYTES, PLAIN_BYTES
        while self.bytes_read < most and room > 0:
            found, self._ahead = self._ahead or self._unpack_next(), None
            if found is None:
                self.drain()
                break
            batch, data = found
            if data is None:
                if chosen:
                    self._ahead = found
                else:
                    self._giant = batch, stream(self._buffer, batch)
                break
            self._pass(batch)
            chosen.append(batch)
            plains.append(data)
            room -= len(data)
        return chosen, plains

    def _unpack_next(self) -> tuple[Batch, memoryview | bytes | None] | None:
        """The next batch whose records are for us; what is not is passed over, packed."""
        for batch in self._batches or ():
            if not self._is_dropped(batch):
                return batch, plain(self._buffer, batch)
            self._pass(batch)
        return None

    def _pass(self, batch: Batch) -> None:
        """A batch is read: the fetch goes on behind it."""
        self.leader_epoch = batch.leader_epoch
        self.next_fetch_offset = batch.next_offset
        self.bytes_read += batch.end - batch.start

    def _next_of_giant(self, batch: Batch, parts: Iterator[LineBatch]) -> LineBatch:
        """The next lines of a batch that is read as a stream."""
        for lines in parts:
            wanted = lines.beginning(self.fetch_offset)
            if len(wanted.offsets):
                self.next_fetch_offset = int(wanted.offsets[-1]) + 1
                return wanted
        self._giant = None
        self._pass(batch)
        return decode([], [], self.fetch_offset)

    def _is_dropped(self, batch: Batch) -> bool:
        """Whether the batch is a transaction's marker or, when asked, an aborted one's part."""
        if not self._committed or batch.producer_id < 0:
            return batch.is_control
        while self._begun and self._begun[0].first_offset < batch.next_offset:
            self._aborting.add(self._begun.popleft().producer_id)
        if batch.is_control:
            if is_abort_marker(self._buffer, batch):
                self._aborting.discard(batch.producer_id)
            return True
        return batch.is_transactional and batch.producer_id in self._aborting
