"""What was read becomes durable, once it is proved whose lines it is."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from movierec.errors import AlreadyWritten
from movierec.store.lineage import kafka_offset
from serve.collector.broker import Broker
from serve.collector.buffer import Buffers
from serve.collector.fetch.topics import TopicFacts
from serve.collector.identity import AnotherTopic
from serve.collector.writer import Writer, name
from serve.metrics import CollectorMetrics

log = logging.getLogger("serve.collector")


class Flusher:
    """Writes buffers as segments, and gaps between them. What cannot be written, since another
    writer was first or the memory is needed, is dropped and given to `hold`: it is read again."""

    def __init__(
        self,
        metrics: CollectorMetrics,
        writer: Writer,
        buffers: Buffers,
        hold: Callable[[TopicPartition], None],
    ) -> None:
        self._metrics = metrics
        self._writer = writer
        self._buffers = buffers
        self._hold = hold
        self._consumer: Any = None
        self._broker: Broker

    def connect(self, consumer: Any, broker: Broker) -> None:
        """Whom to tell what is durable, and whom to ask whose lines it is."""
        self._consumer, self._broker = consumer, broker

    @contextlib.contextmanager
    def saving_proved(self) -> Iterator[None]:
        """Whoever asks whose a topic is may hear that it was made anew: what was read before that
        is written then, what was read since is dropped, and AnotherTopic goes on."""
        try:
            yield
        except AnotherTopic:
            self.save_proved(self._buffers, "read of two topics")
            raise

    def save_proved(self, partitions: Iterable[TopicPartition], why: str) -> None:
        """Write what was read before the last proof, drop what was read since and say why."""
        for partition in partitions:
            if dropped := self._buffers[partition].drop_unproved():
                facts = {"partition": name(partition), "dropped_lines": dropped}
                log.warning(why, extra=facts)
        self._write(self._buffers.unwritten(partitions))

    def prove(self) -> dict[str, TopicFacts]:
        """Whether what was read is of the store's topics; what the brokers say of them.

        Raises AnotherTopic, Unavailable (deleted), KafkaError: then nothing is proved.
        """
        with self.saving_proved():
            facts = self._broker.identity.prove()
        for buffer in self._buffers.values():
            buffer.prove()
        return facts

    def flush(self, partitions: Iterable[TopicPartition]) -> None:
        """Make the partitions' buffers durable, then tell Kafka. While the brokers cannot say
        that the lines are of our topics nothing is written, and what is too much is dropped: it
        can be read again."""
        full = self._buffers.unwritten(partitions)
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
        for partition in self._buffers.too_much():
            facts = {"partition": name(partition), "dropped_lines": self._buffers[partition].rows}
            log.warning("read again later", extra=facts)
            self._hold(partition)

    def _write(self, partitions: Iterable[TopicPartition]) -> None:
        durable = {}
        for partition in partitions:
            buffer = self._buffers[partition]
            try:
                self._writer.write(partition, buffer)
            except AlreadyWritten as error:
                self._refused(partition, error)
            else:
                buffer.clear()
                mark = self._broker.identity.mark(partition.topic)
                durable[partition] = OffsetAndMetadata(kafka_offset(buffer.end), mark, -1)
        if durable:
            with contextlib.suppress(KafkaError):  # a hint only: nobody resumes from it
                self._consumer.commit_async(durable)

    def records_gap(self, partition: TopicPartition, start: int, end: int, why: str) -> bool:
        """Write down that the offsets [start, end) cannot be had; False when another was first."""
        try:
            self._writer.record_gap(partition, start, end, why)
        except AlreadyWritten as refusal:
            self._refused(partition, refusal)
            return False
        return True

    def _refused(self, partition: TopicPartition, error: AlreadyWritten) -> None:
        """Another writer was first: drop what was read and go on where the disk ends now."""
        self._metrics.refused.labels(partition.topic).inc()
        log.warning("refused", extra={"partition": name(partition), "why": str(error)})
        self._hold(partition)
