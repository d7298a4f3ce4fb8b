"""Our partitions: where each goes on, what of it is buffered, and when that becomes durable."""

import contextlib
import logging
import time
from collections.abc import Iterable
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from movierec.errors import AlreadyWritten
from serve.collector.broker import Broker
from serve.collector.buffer import Buffer
from serve.collector.fetch.source import Chunk
from serve.collector.writer import Writer, name
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

POSITION_MS = 200


class Partitions:
    """The partitions that the group gave us.

    A partition is held first, and fetches nothing; once its next offset has been read from
    disk it has a buffer. A buffer begins where the disk ends.
    """

    def __init__(
        self, settings: CollectorSettings, metrics: CollectorMetrics, writer: Writer
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.writer = writer
        self.buffers: dict[TopicPartition, Buffer] = {}
        self.held: set[TopicPartition] = set()
        self._consumer: Any = None
        self._broker: Broker

    def connect(self, consumer: Any, broker: Broker) -> None:
        """Whom to steer and whom to ask; comes before everything below."""
        self._consumer, self._broker = consumer, broker

    def __len__(self) -> int:
        """How many are ours, held or begun."""
        return len(self.buffers) + len(self.held)

    def hold(self, partition: TopicPartition) -> None:
        """Fetch nothing of a partition until `begin_held` has read its next offset from disk."""
        self.buffers.pop(partition, None)
        self._consumer.pause(partition)
        # Any position will do: with none, the client would go on at Kafka's committed offset.
        self._consumer.seek(partition, 0)
        self.held.add(partition)

    def begin_held(self) -> None:
        """Fetch what was held, each partition from where the disk ends."""
        for partition in sorted(self.held):
            offset = self.writer.resume(partition)
            self._consumer.seek(partition, offset)
            self.buffers[partition] = Buffer(offset)
            self._consumer.resume(partition)
            self.held.discard(partition)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop what was read of partitions that are no longer ours."""
        for partition in partitions:
            self.buffers.pop(partition, None)
            self.held.discard(partition)
        self.writer.forget(partitions)

    def add(self, partition: TopicPartition, chunk: Chunk) -> None:
        """Buffer what came from the brokers just now, unless the partition was refused since: then
        it is read again."""
        if partition in self.buffers:
            self.buffers[partition].add(chunk, time.monotonic())

    def reached(self, partition: TopicPartition) -> int:
        """The next offset to read: of ours by the client, of another member's by the disk."""
        buffer = self.buffers.get(partition)
        if buffer is None:
            return self.writer.end(partition)
        position = self._consumer.position(partition, timeout_ms=POSITION_MS)
        return max(buffer.end, position or 0)

    def due(self, now: float) -> list[TopicPartition]:
        """The partitions to flush: full, old, or the largest when all together hold too much."""
        limits = (now, self.settings.segment_rows, self.settings.segment_seconds)
        due = [partition for partition, b in self.buffers.items() if b.is_due(*limits)]
        return list(dict.fromkeys([*due, *self.crowded()]))

    def crowded(self) -> list[TopicPartition]:
        """The buffers to flush before more is taken in: full ones, and the largest when all
        together hold too much."""
        held = sum(buffer.bytes for buffer in self.buffers.values())
        self.metrics.buffered_bytes.set(held)
        due = [p for p, b in self.buffers.items() if b.rows >= self.settings.segment_rows]
        if held <= self.settings.buffer_bytes:
            return due
        for partition, buffer in sorted(self.buffers.items(), key=lambda item: -item[1].bytes):
            if held <= self.settings.buffer_bytes // 2:
                break
            held -= buffer.bytes
            due.append(partition)
        return due

    def flush(self, partitions: Iterable[TopicPartition]) -> None:
        """Make the partitions' buffers durable, then tell Kafka."""
        durable = {}
        for partition in dict.fromkeys(partitions):
            buffer = self.buffers.get(partition)
            if buffer is None or buffer.start == buffer.end:
                continue
            try:
                self.writer.write(partition, buffer)
            except AlreadyWritten as error:
                self._refused(partition, error)
            else:
                buffer.clear()
                durable[partition] = OffsetAndMetadata(buffer.end, "", -1)
        if durable:
            with contextlib.suppress(KafkaError):  # a hint only: nobody resumes from it
                self._consumer.commit_async(durable)

    def out_of_range(self, error: OffsetOutOfRangeError) -> None:
        """The broker does not have our next offset: record what is gone, go on after it."""
        for partition in error.args[0]:
            self.flush([partition])
            buffer = self.buffers.get(partition)
            if buffer is None or partition in self.held:
                continue
            first = self._broker.first_offset(partition, buffer.end)
            if first is None:
                continue
            try:
                self.writer.record_gap(partition, buffer.end, first)
            except AlreadyWritten as refusal:
                self._refused(partition, refusal)
                continue
            self.buffers[partition] = Buffer(first)
            self._consumer.seek(partition, first)

    def _refused(self, partition: TopicPartition, error: AlreadyWritten) -> None:
        """Another writer was first: drop what was read and go on where the disk ends now."""
        self.metrics.refused.labels(partition.topic).inc()
        log.warning("refused", extra={"partition": name(partition), "why": str(error)})
        self.hold(partition)
