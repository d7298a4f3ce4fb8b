"""Our partitions: where each goes on, what of it is buffered, and when that becomes durable."""

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from movierec.errors import AlreadyWritten
from movierec.store.lineage import kafka_offset
from movierec.store.segments import partitions_of
from movierec.times import Milliseconds
from serve.collector.broker import Broker
from serve.collector.buffer import Buffer
from serve.collector.fetch.source import Chunk
from serve.collector.fetch.topics import TopicFacts
from serve.collector.identity import AnotherTopic
from serve.collector.writer import OVERTAKEN, Writer, name
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
        self._waits: dict[TopicPartition, tuple[int, Milliseconds]] = {}
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
        """Fetch what was held, each partition from where the disk ends, once it is certain that
        topic and store belong together. Raises CorruptFile when they do not."""
        if not self.held:
            return
        try:
            with self._saving_proved():
                self._broker.identity.settle({partition.topic for partition in self.held})
            for partition in sorted(self.held):
                self._begin(partition)
        except KafkaError as error:
            self._broker.trouble(error)

    def _begin(self, partition: TopicPartition) -> None:
        identity, shift = self._broker.identity, self._broker.identity.shift(partition.topic)
        committed = self._broker.committed(partition)
        identity.check_line(partition)
        offset = self.writer.resume(partition)
        if offset < shift:  # the chain ends with the topic that was before this one
            if not self._records_gap(partition, offset, shift, "the topic was made anew"):
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
        return not self.held and all(b.start == b.end for b in self.buffers.values())

    @contextlib.contextmanager
    def _saving_proved(self) -> Iterator[None]:
        """Whoever asks whose a topic is may hear that it was made anew: what was read before that
        is written then, what was read since is dropped, and AnotherTopic goes on."""
        try:
            yield
        except AnotherTopic:
            for partition, buffer in self.buffers.items():
                if dropped := buffer.drop_unproved():
                    facts_of_it = {"partition": name(partition), "dropped_lines": dropped}
                    log.error("read of two topics", extra=facts_of_it)
            self._write(list(self.buffers))
            raise

    def prove(self) -> dict[str, TopicFacts]:
        """Whether what was read is of the store's topics; what the brokers say of them.

        Raises AnotherTopic, Unavailable (deleted), KafkaError: then nothing is proved.
        """
        with self._saving_proved():
            facts = self._broker.identity.ask()
        for buffer in self.buffers.values():
            buffer.prove()
        return facts

    def ends(self) -> dict[TopicPartition, int] | None:
        """`Broker.ends`, proved, and of partitions that a topic had before it was made anew."""
        try:
            facts = self.prove()
            with self._saving_proved():
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
        one may read them; when the first was logged must be asked once it has waited."""
        ours = {p: self._broker.log_end(p, end) for p, end in ends.items() if p in self.buffers}
        waiting = {partition: buffer.oldest for partition, buffer in self.buffers.items()}
        for partition, end in ours.items():
            at = self.buffers[partition].end
            if self.buffers[partition].rows or at >= end:
                self._waits.pop(partition, None)
                continue
            since = self._waits.get(partition)
            if since is None or since[0] != at:
                self._waits[partition] = (at, -1)
                continue
            if since[1] < 0:
                self._waits[partition] = (at, self._broker.logged_at(partition, at))
            waiting[partition] = self._waits[partition][1]
        self.writer.lag.observe(ours, waiting)

    def due(self, now: float) -> list[TopicPartition]:
        """The partitions to flush: full, old, or the largest when all together hold too much."""
        limits = (now, self.settings.segment_rows, self.settings.segment_seconds)
        due = [partition for partition, b in self.buffers.items() if b.is_due(*limits)]
        return list(dict.fromkeys([*due, *self.crowded()]))

    def crowded(self) -> list[TopicPartition]:
        """The buffers to flush before more is taken in: full ones, and the largest when all
        together hold too much."""
        full = [p for p, b in self.buffers.items() if b.rows >= self.settings.segment_rows]
        return [*full, *self._too_much()]

    def _too_much(self) -> list[TopicPartition]:
        """The largest buffers, down to half of what all together may hold, when they hold more."""
        held = sum(buffer.bytes for buffer in self.buffers.values())
        self.metrics.buffered_bytes.set(held)
        if held <= self.settings.buffer_bytes:
            return []
        largest = []
        for partition, buffer in sorted(self.buffers.items(), key=lambda item: -item[1].bytes):
            if held <= self.settings.buffer_bytes // 2:
                break
            held -= buffer.bytes
            largest.append(partition)
        return largest

    def flush(self, partitions: Iterable[TopicPartition]) -> None:
        """Make the partitions' buffers durable, then tell Kafka. While the brokers cannot say
        that the lines are of our topics nothing is written, and what is too much is dropped: it
        can be read again."""
        full = [
            partition
            for partition in dict.fromkeys(partitions)
            if (buffer := self.buffers.get(partition)) and buffer.start != buffer.end
        ]
        if not full:
            return
        try:
            self.prove()
        except KafkaError as error:
            log.warning("not written yet", extra={"error": str(error), "partitions": len(full)})
            self._broker.set_up(False, error)
            self._let_go()
            return
        self._write(full)

    def _let_go(self) -> None:
        """Drop the largest buffers when all together hold too much: some brokers may go on giving
        lines while one that leads a partition is silent. Held until it has spoken."""
        for partition in self._too_much():
            facts = {"partition": name(partition), "dropped_lines": self.buffers[partition].rows}
            log.warning("read again later", extra=facts)
            self.hold(partition)

    def _write(self, partitions: Iterable[TopicPartition]) -> None:
        durable = {}
        for partition in partitions:
            buffer = self.buffers[partition]
            if buffer.start == buffer.end:
                continue
            try:
                self.writer.write(partition, buffer)
            except AlreadyWritten as error:
                self._refused(partition, error)
            else:
                buffer.clear()
                mark = self._broker.identity.mark(partition.topic)
                durable[partition] = OffsetAndMetadata(kafka_offset(buffer.end), mark, -1)
        if durable:
            with contextlib.suppress(KafkaError):  # a hint only: nobody resumes from it
                self._consumer.commit_async(durable)

    def out_of_range(self, error: OffsetOutOfRangeError) -> None:
        """The broker does not have our next offset: record what is gone, go on after it."""
        for partition in error.args[0]:
            self.flush([partition])
            buffer = self.buffers.get(partition)
            if buffer is None or buffer.start != buffer.end:  # held, or not written yet
                continue
            with self._saving_proved():
                first = self._broker.first_offset(partition, buffer.end)
            if first is None or not self._records_gap(partition, buffer.end, first, OVERTAKEN):
                continue
            self.buffers[partition] = Buffer(first)
            self._consumer.seek(partition, kafka_offset(first))

    def _records_gap(self, partition: TopicPartition, start: int, end: int, why: str) -> bool:
        """Write down that the offsets [start, end) cannot be had; False when another was first."""
        try:
            self.writer.record_gap(partition, start, end, why)
        except AlreadyWritten as refusal:
            self._refused(partition, refusal)
            return False
        return True

    def _refused(self, partition: TopicPartition, error: AlreadyWritten) -> None:
        """Another writer was first: drop what was read and go on where the disk ends now."""
        self.metrics.refused.labels(partition.topic).inc()
        log.warning("refused", extra={"partition": name(partition), "why": str(error)})
        self.hold(partition)


def on_disk(root: Path, topic: str) -> list[TopicPartition]:
    """The partitions of a topic that the store has something of."""
    return [TopicPartition(topic, number) for number in partitions_of(root, topic)]
