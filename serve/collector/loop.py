"""The collector's loop: poll, buffer, make durable, commit; and what the group decides."""

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
from serve.collector.closer import DayCloser
from serve.collector.consumer import Rebalances, resume_rejoin
from serve.collector.fetch.source import hands_over_batches, poll
from serve.collector.progress import Progress
from serve.collector.writer import Writer, name
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

POLL_MS = 200
OBSERVE_SECONDS = 5.0
STALE_SECONDS = 60.0
"""The loop is unhealthy when it has not turned for so long."""
CLOSE_MS = 2000
"""How long leaving the group may take at the end."""


class Collector:
    """One member of the consumer group.

    All of it runs on the main thread, except that `assigned`, `revoked` and `lost` run on
    the client's thread while the main thread waits in `poll` (or in the consumer's close).
    """

    def __init__(
        self, settings: CollectorSettings, metrics: CollectorMetrics, writer: Writer, once: bool
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.writer = writer
        self.once = once
        self.consumer: Any = None
        self._broker: Broker
        self._days = DayCloser(settings, metrics, writer)
        self._progress = Progress()
        self._buffers: dict[TopicPartition, Buffer] = {}
        self._starting: set[TopicPartition] = set()
        self._targets: dict[TopicPartition, int] | None = None
        self._joined = False
        self._stop_reason: str | None = None
        self._failure: BaseException | None = None
        self._turned = time.monotonic()
        self._observed = 0.0

    def stop(self, reason: str) -> None:
        """Flush and end at the next turn of the loop. Safe in a signal handler."""
        self._stop_reason = self._stop_reason or reason

    @property
    def totals(self) -> dict[str, int]:
        """Counts since the start of the process."""
        return self.writer.totals | self._days.totals

    def health(self) -> dict[str, Any]:
        """Facts for /healthz."""
        idle = time.monotonic() - self._turned
        buffers = list(self._buffers.values())
        return {
            "healthy": idle < STALE_SECONDS and self._failure is None,
            "seconds_since_poll": round(idle, 3),
            "partitions": len(buffers),
            "buffered_lines": sum(buffer.rows for buffer in buffers),
        }

    def run(self, consumer: Any) -> int:
        """Loop until stopped or caught up; returns the exit status."""
        self.consumer = consumer
        self._broker = Broker(consumer, self.settings, self.metrics)
        handed_over = hands_over_batches(consumer)
        self.metrics.batches_handed_over.set(handed_over)
        log.info("started", extra={"topics": self.settings.topics, "whole_batches": handed_over})
        consumer.subscribe(list(self.settings.topics), listener=Rebalances(self))
        try:
            while self._stop_reason is None and not self._is_caught_up():
                self._turn()
            self._finish()
        except BaseException as error:
            self._failure = self._failure or error
            raise self._failure from None
        finally:
            with contextlib.suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=CLOSE_MS)
        return 0

    # The group's decisions, on the client's thread

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Hold the partitions until the main thread has read from disk where they go on.

        The disk is read there and not here, since the client sends no heartbeats meanwhile.
        """
        self._joined = True
        self.metrics.rebalances.labels("assigned").inc()
        log.info("assigned", extra={"partitions": names(partitions)})
        for partition in partitions:
            self._hold(partition)

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Make durable what was read: until this returns, the partitions are ours."""
        self.metrics.rebalances.labels("revoked").inc()
        log.info("revoked", extra={"partitions": names(partitions)})
        try:
            if self._failure is None:
                self._flush(partitions)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._forget(partitions)

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop what was read: another member may have taken the partitions over already."""
        dropped = sum(self._buffers[p].rows for p in partitions if p in self._buffers)
        self.metrics.rebalances.labels("lost").inc()
        log.warning("lost", extra={"partitions": names(partitions), "dropped_lines": dropped})
        self._forget(partitions)

    def _forget(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self._buffers.pop(partition, None)
            self._starting.discard(partition)
        self.writer.forget(partitions)

    def _hold(self, partition: TopicPartition) -> None:
        """Fetch nothing of a partition until `_start_held` has read its next offset from disk."""
        self._buffers.pop(partition, None)
        self.consumer.pause(partition)
        # Any position will do: with none, the client would go on at Kafka's committed offset.
        self.consumer.seek(partition, 0)
        self._starting.add(partition)

    # One turn of the loop

    def _turn(self) -> None:
        resume_rejoin(self.consumer)
        try:
            for partition, chunk in poll(self.consumer, POLL_MS):
                self._buffers[partition].add(chunk, time.monotonic())
            self._broker.is_fine()
        except OffsetOutOfRangeError as error:
            self._out_of_range(error)
        except KafkaError as error:
            if self._failure is None:
                self._broker.trouble(error)
        if self._failure is not None:
            raise self._failure
        self._turned = time.monotonic()
        self._start_held()
        self._flush(self._due(self._turned))
        if self._turned - self._observed >= OBSERVE_SECONDS:
            self._observe()

    def _start_held(self) -> None:
        for partition in sorted(self._starting):
            offset = self.writer.resume(partition)
            self.consumer.seek(partition, offset)
            self._buffers[partition] = Buffer(offset)
            self.consumer.resume(partition)
            self._starting.discard(partition)

    def _due(self, now: float) -> list[TopicPartition]:
        """The partitions to flush: full, old, or the largest when all together hold too much."""
        limits = (now, self.settings.segment_rows, self.settings.segment_seconds)
        due = [partition for partition, b in self._buffers.items() if b.is_due(*limits)]
        held = sum(buffer.bytes for buffer in self._buffers.values())
        self.metrics.buffered_bytes.set(held)
        if held > self.settings.buffer_bytes:
            for partition, buffer in sorted(self._buffers.items(), key=lambda item: -item[1].bytes):
                if held <= self.settings.buffer_bytes // 2:
                    break
                held -= buffer.bytes
                due.append(partition)
        return due

    def _flush(self, partitions: Iterable[TopicPartition]) -> None:
        """Make the partitions' buffers durable, then tell Kafka."""
        durable = {}
        for partition in dict.fromkeys(partitions):
            buffer = self._buffers.get(partition)
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
                self.consumer.commit_async(durable)

    def _refused(self, partition: TopicPartition, error: AlreadyWritten) -> None:
        """Another writer was first: drop what was read and go on where the disk ends now."""
        self.metrics.refused.labels(partition.topic).inc()
        log.warning("refused", extra={"partition": name(partition), "why": str(error)})
        self._hold(partition)

    def _out_of_range(self, error: OffsetOutOfRangeError) -> None:
        """The broker does not have our next offset: record what is gone, go on after it."""
        for partition in error.args[0]:
            self._flush([partition])
            buffer = self._buffers.get(partition)
            if buffer is None or partition in self._starting:
                continue
            first = self._broker.first_offset(partition, buffer.end)
            if first is None:
                continue
            try:
                self.writer.record_gap(partition, buffer.end, first)
            except AlreadyWritten as refusal:
                self._refused(partition, refusal)
                continue
            self._buffers[partition] = Buffer(first)
            self.consumer.seek(partition, first)

    def _observe(self) -> None:
        """Lag, progress and closed days, every few seconds."""
        self._observed = time.monotonic()
        self.metrics.assigned.set(len(self._buffers) + len(self._starting))
        ends = self._broker.ends()
        self.writer.lag.observe(ends or {}, {p: b.oldest for p, b in self._buffers.items()})
        self._progress.show(self.totals)
        if ends is None:
            return
        for topic in self.settings.topics:
            if TopicPartition(topic, 0) in self._buffers:  # one member is enough
                self._days.consider(topic, of_topic(ends, topic))

    # The end

    def _is_caught_up(self) -> bool:
        """With --until-caught-up: whether all is read that was there at the start.

        Of every partition, ours or not: the group may give us some of them only later.
        """
        if not self.once or not self._joined or self._starting:
            return False
        if self._targets is None:
            self._targets = self._broker.ends()
        if self._targets is None:
            return False
        return all(self._reached(p) >= end for p, end in self._targets.items())

    def _reached(self, partition: TopicPartition) -> int:
        """The next offset to read: of ours by the client, of another member's by the disk."""
        buffer = self._buffers.get(partition)
        if buffer is None:
            return self.writer.end(partition)
        return max(buffer.end, self.consumer.position(partition, timeout_ms=POLL_MS) or 0)

    def _finish(self) -> None:
        """Everything to disk; the hint to Kafka; the days that are due."""
        self._flush(list(self._buffers))
        ends = self._broker.ends() if self.once and self._stop_reason is None else None
        if ends is not None:
            for topic in self.settings.topics:
                self._days.close_now(topic, of_topic(ends, topic))
        self._days.wait()
        self.writer.lag.observe(ends or {})
        self._progress.show(self.totals, last=True)
        reason = self._stop_reason or "caught up"
        log.info("stopped", extra={"reason": reason, **self.totals})


def names(partitions: Iterable[TopicPartition]) -> list[str]:
    """Partitions by name, sorted."""
    return [name(partition) for partition in sorted(partitions)]


def of_topic(ends: dict[TopicPartition, int], topic: str) -> dict[int, int]:
    """Partition number → end offset of one topic."""
    return {p.partition: end for p, end in ends.items() if p.topic == topic}
