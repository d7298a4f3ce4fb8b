"""Our partitions: where each goes on, and how far it is."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from movierec.store.lineage import kafka_offset
from movierec.store.segments import partitions_of
from movierec.times import Milliseconds
from serve.collector.broker import Broker
from serve.collector.buffer import Buffer, Buffers
from serve.collector.fetch.source import Chunk
from serve.collector.flushing import Flusher
from serve.collector.writer import OVERTAKEN, Writer
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

POSITION_MS = 200
ASKING_SECONDS = 0.5
"""A look may take so long over asking since when lines wait: an answer can take a tenth of a
second, and after a restart all partitions are asked for, most of them read from in a moment."""


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
        self.buffers = Buffers(settings, metrics)
        self.held: set[TopicPartition] = set()
        self._flusher = Flusher(metrics, writer, self.buffers, self.hold)
        self._waits: dict[TopicPartition, tuple[int, Milliseconds]] = {}
        self._consumer: Any = None
        self._broker: Broker

    def connect(self, consumer: Any, broker: Broker) -> None:
        """Whom to steer and whom to ask; comes before everything below."""
        self._consumer, self._broker = consumer, broker
        self._flusher.connect(consumer, broker)

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
        """Fetch what was held, each partition from where the disk ends, once it is certain that
        topic and store belong together. Raises CorruptFile when they do not."""
        if doubted := [p for p in self.buffers if self._broker.identity.doubts(p.topic)]:
            with contextlib.suppress(KafkaError):
                self._flusher.prove()
            self._flusher.save_proved(doubted, "read again later")
            for partition in doubted:
                self.hold(partition)
        if not self.held:
            return
        try:
            with self._flusher.saving_proved():
                self._broker.identity.settle({partition.topic for partition in self.held})
            for partition in sorted(self.held):
                self._begin(partition)
        except KafkaError as error:
            self._broker.trouble(error)

    def _begin(self, partition: TopicPartition) -> None:
        identity, shift = self._broker.identity, self._broker.identity.shift(partition.topic)
        committed = self._broker.committed(partition)
        offset = self.writer.resume(partition)
        identity.check_line(partition, self.writer.found(partition))
        if offset < shift:  # the chain ends with the topic that was before this one
            if not self._flusher.records_gap(partition, offset, shift, "the topic was made anew"):
                return
            offset = shift
        identity.check_commit(partition, offset, committed)
        self._consumer.seek(partition, offset - shift)
        self.buffers[partition] = Buffer(offset)
        self._consumer.resume(partition)
        self.held.discard(partition)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop what was read of partitions that are no longer ours."""
        for partition in partitions:
            self.buffers.pop(partition, None)
            self.held.discard(partition)
            self._waits.pop(partition, None)
        self.writer.forget(partitions)

    def add(self, partition: TopicPartition, chunk: Chunk) -> None:
        """Buffer what came from the brokers just now, unless the partition was refused since: then
        it is read again."""
        if partition in self.buffers:
            shift = self._broker.identity.shift(partition.topic)
            self.buffers[partition].add(chunk.moved(shift) if shift else chunk, time.monotonic())

    def reached(self, partition: TopicPartition) -> int:
        """The next offset to read: of ours by the client, of another member's by the disk."""
        buffer = self.buffers.get(partition)
        if buffer is None:
            return self.writer.end(partition)
        position = self._consumer.position(partition, timeout_ms=POSITION_MS)
        shift = self._broker.identity.shift(partition.topic)
        return max(buffer.end, shift + (position or 0))

    @property
    def are_durable(self) -> bool:
        """Whether nothing is read that is not on disk, and no partition waits to be read."""
        return not self.held and self.buffers.are_empty

    def flush(self, partitions: Iterable[TopicPartition]) -> None:
        """`Flusher.flush` of what was read of the partitions."""
        self._flusher.flush(partitions)

    def ends(self) -> dict[TopicPartition, int] | None:
        """`Broker.ends`, proved, and of partitions that a topic had before it was made anew."""
        try:
            facts = self._flusher.prove()
            with self._flusher.saving_proved():
                self._broker.identity.settle_all()
            ends = self._broker.ends(facts)
        except KafkaError as error:
            self._broker.set_up(False, error)
            return None
        if ends is None:
            return None
        for topic in self.settings.topics:
            shift = self._broker.identity.shift(topic)
            for partition in on_disk(self.settings.store, topic) if shift else ():
                if partition not in ends and (end := self.writer.end(partition)) <= shift:
                    ends[partition] = end  # nothing more will come of it
        return ends

    def measure_lag(self, ends: Mapping[TopicPartition, int]) -> None:
        """Set the gauges of lag. Lines of open transactions count: they are in the log, and no
        one may read them; when the first was logged is asked once it has waited, and at once where
        nothing says since when: after a restart, a rebalance or a gap. Who had to be left for the
        next look, and of whom nothing is known, has no sample."""
        until = time.monotonic() + ASKING_SECONDS
        ours = self._log_ends(ends)
        waiting = {partition: buffer.oldest for partition, buffer in self.buffers.items()}
        for partition, end in list(ours.items()):
            at = self.buffers[partition].end
            if self.buffers[partition].rows or at >= end:
                self._waits.pop(partition, None)
                continue
            since = self._waits.get(partition)
            if since is None or since[0] != at:
                since = self._waits[partition] = (at, -1)
                if self.writer.lag.is_sure(partition):
                    continue
            if since[1] < 0 and time.monotonic() >= until:
                if not self.writer.lag.is_sure(partition):
                    del ours[partition]
                continue
            if since[1] < 0:
                self._waits[partition] = (at, self._broker.logged_at(partition, at))
            waiting[partition] = self._waits[partition][1]
        self.writer.lag.observe(ours, waiting)

    def _log_ends(self, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Where the logs of ours end, as far as is known: beyond `ends`, up to which they may be
        read. Where disk has all of that and nobody knows of more, there is no saying."""
        found = {}
        for partition, buffer in self.buffers.items():
            if partition in ends:
                end = self._broker.log_end(partition, ends[partition])
                if end is not None or buffer.start < ends[partition]:
                    found[partition] = ends[partition] if end is None else end
        return found

    def out_of_range(self, error: OffsetOutOfRangeError) -> None:
        """The broker does not have our next offset: record what is gone, go on after it."""
        for partition in error.args[0]:
            self.flush([partition])
            buffer = self.buffers.get(partition)
            if buffer is None or buffer.start != buffer.end:  # held, or not written yet
                continue
            with self._flusher.saving_proved():
                first = self._broker.first_offset(partition, buffer.end)
            if first is None:
                continue
            if self._flusher.records_gap(partition, buffer.end, first, OVERTAKEN):
                self.buffers[partition] = Buffer(first)
                self._consumer.seek(partition, kafka_offset(first))


def on_disk(root: Path, topic: str) -> list[TopicPartition]:
    """The partitions of a topic that the store has something of."""
    return [TopicPartition(topic, number) for number in partitions_of(root, topic)]
