"""The collector's loop: poll, buffer, make durable, watch; and what the group decides."""

import contextlib
import logging
import time
from collections.abc import Iterable
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from serve.collector.broker import Broker
from serve.collector.closer import DayCloser
from serve.collector.consumer import Rebalances, resume_rejoin
from serve.collector.fetch.source import hands_over_batches, poll
from serve.collector.fetch.topics import Topics
from serve.collector.partitions import Partitions, on_disk
from serve.collector.progress import Progress
from serve.collector.writer import Writer, name
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

POLL_MS = 200
OBSERVE_SECONDS = 5.0
STALE_SECONDS = 60.0
"""The loop is unhealthy when it has not turned for so long."""
CUT_OFF_SECONDS = 300.0
"""Nor when no broker has answered for so long: a new process reads the list of brokers and their
addresses anew, which helps when they have moved, and costs nothing when they are down."""
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
        self._ours = Partitions(settings, metrics, writer)
        self._targets: dict[TopicPartition, int] | None = None
        self._last_ends: dict[TopicPartition, int] | None = None
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
        """Facts for /healthz. Before there is a consumer `startup_seconds` are the limit."""
        idle = cut_off = 0.0
        if self.consumer is not None:
            idle = time.monotonic() - self._turned
            cut_off = time.monotonic() - self._broker.answered
        buffers = list(self._ours.buffers.values())
        return {
            "healthy": idle < STALE_SECONDS and cut_off < CUT_OFF_SECONDS and self._failure is None,
            "seconds_since_poll": round(idle, 3),
            "seconds_since_answer": round(cut_off, 3),
            "partitions": len(buffers),
            "buffered_lines": sum(buffer.rows for buffer in buffers),
        }

    def connect(self, consumer: Any, topics: Topics) -> None:
        """Go by this consumer; `run` does it first."""
        self.consumer = consumer
        self._turned = time.monotonic()
        self._broker = Broker(consumer, topics, self.settings, self.metrics)
        self._ours.connect(consumer, self._broker)

    def run(self, consumer: Any, topics: Topics) -> int:
        """Loop until stopped or caught up; returns the exit status."""
        self.connect(consumer, topics)
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
            topics.close()
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
            self._ours.hold(partition)

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Make durable what was read: until this returns, the partitions are ours."""
        self.metrics.rebalances.labels("revoked").inc()
        log.info("revoked", extra={"partitions": names(partitions)})
        try:
            if self._failure is None:
                self._ours.flush(partitions)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ours.forget(partitions)

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop what was read: another member may have taken the partitions over already."""
        buffers = self._ours.buffers
        dropped = sum(buffers[p].rows for p in partitions if p in buffers)
        self.metrics.rebalances.labels("lost").inc()
        log.warning("lost", extra={"partitions": names(partitions), "dropped_lines": dropped})
        self._ours.forget(partitions)

    # One turn of the loop

    def _turn(self) -> None:
        resume_rejoin(self.consumer)
        try:
            for partition, chunk in poll(self.consumer, POLL_MS):
                self._ours.add(partition, chunk)
                self._ours.flush(self._ours.buffers.crowded())
            self._broker.is_fine()
        except OffsetOutOfRangeError as error:
            self._ours.out_of_range(error)
        except KafkaError as error:
            if self._failure is None:
                self._broker.trouble(error)
        if self._failure is not None:
            raise self._failure
        self._turned = time.monotonic()
        self._ours.begin_held()
        self._ours.flush(self._ours.buffers.due(self._turned))
        if self._turned - self._observed >= OBSERVE_SECONDS:
            self._observe()

    def _observe(self) -> None:
        """Lag, progress and closed days, every few seconds."""
        self._observed = time.monotonic()
        self.metrics.assigned.set(len(self._ours))
        ends = self._ours.ends()
        self._ours.measure_lag(ends or {})
        self._progress.show(self.totals)
        if ends is None:
            return
        for topic in self.settings.topics:
            if TopicPartition(topic, 0) in self._ours.buffers:  # one member is enough
                self._days.consider(topic, of_topic(ends, topic))
            else:
                self.writer.take_found(topic)  # it closes no days

    # The end

    def _is_caught_up(self) -> bool:
        """With --until-caught-up: whether all is on disk that was there at the start, and the ends
        are known by which the days that are due can be closed.

        Of every partition, ours or not: the group may give us some of them only later.
        """
        if not self.once or not self._joined or self._ours.held:
            return False
        if self._targets is None:
            self._targets = self._find_targets()
        if self._targets is None:
            return False
        if any(self._ours.reached(p) < end for p, end in self._targets.items()):
            return False
        self._ours.flush(list(self._ours.buffers))
        if not self._ours.are_durable:  # the brokers may be silent, another writer the first
            return False
        self._last_ends = self._ours.ends()
        return self._last_ends is not None

    def _find_targets(self) -> dict[TopicPartition, int] | None:
        """The ends in Kafka, None without an answer, or while one lies below the disk's end."""
        durable = {
            partition: self.writer.end(partition)
            for topic in self.settings.topics
            for partition in on_disk(self.settings.store, topic)
        }
        ends = self._ours.ends()
        for partition, end in (ends or {}).items():
            if durable.get(partition, 0) > end:
                self._broker.is_short(partition, end, durable[partition])
                return None
        return ends

    def _finish(self) -> None:
        """Everything to disk; the hint to Kafka; the days that are due."""
        self._ours.flush(list(self._ours.buffers))
        ends = self._last_ends
        if self._stop_reason is not None:
            ends = self._ours.ends() if self._broker.is_up else None
        elif ends is not None:
            for topic in self.settings.topics:
                self._days.close_now(topic, of_topic(ends, topic))
        self._days.wait()
        self._ours.measure_lag(ends or {})
        self._progress.show(self.totals, last=True)
        reason = self._stop_reason or "caught up"
        log.info("stopped", extra={"reason": reason, **self.totals})


def names(partitions: Iterable[TopicPartition]) -> list[str]:
    """Partitions by name, sorted."""
    return [name(partition) for partition in sorted(partitions)]


def of_topic(ends: dict[TopicPartition, int], topic: str) -> dict[int, int]:
    """Partition number → end offset of one topic."""
    return {p.partition: end for p, end in ends.items() if p.topic == topic}
