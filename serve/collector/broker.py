"""What the collector asks the brokers beside lines, and what it does when they fail."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import (
    AuthorizationError,
    CorruptRecordError,
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaConfigurationError,
    KafkaError,
    LogTruncationError,
    SaslAuthenticationFailedError,
    UnsupportedCodecError,
    UnsupportedVersionError,
)

from movierec.errors import CorruptFile, Unavailable
from movierec.times import Milliseconds
from serve.collector.consumer import knows
from serve.collector.fetch.topics import REQUEST_MS, TopicFacts, Topics, timestamp_of
from serve.collector.identity import Identity
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

HOPELESS = (
    AuthorizationError,
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaConfigurationError,
    SaslAuthenticationFailedError,
    UnsupportedCodecError,
    UnsupportedVersionError,
)
"""Errors that no amount of retrying mends."""

MAX_CORRUPT_FETCHES = 20
MAX_BEYOND_END = 5


class Broker:
    """Offsets of partitions, and patience with brokers that do not answer.

    Offsets are the store's: where a topic was made anew, Kafka's and a shift (Identity)."""

    def __init__(
        self, consumer: Any, topics: Topics, settings: CollectorSettings, metrics: CollectorMetrics
    ) -> None:
        self._consumer = consumer
        self.identity = Identity(settings, topics)
        self._topics = settings.topics
        self._metrics = metrics
        self._failures = 0  # in a row
        self._corrupt = 0
        self._beyond_end = 0
        self.is_up = False
        """Whether they answered the last time."""
        self.answered = time.monotonic()

    def is_fine(self) -> None:
        """A poll went well: forget earlier trouble."""
        self._failures = self._corrupt = 0

    def trouble(self, error: KafkaError) -> None:
        """Count the error and wait a little. Raises when waiting will not help."""
        self._metrics.errors.labels(type(error).__name__).inc()
        if isinstance(error, HOPELESS):
            raise Unavailable(f"the brokers refuse us: {error}") from None
        if isinstance(error, LogTruncationError):
            raise CorruptFile(
                f"the brokers have lost lines that are on disk ({error}): compare the store with "
                "the topic, then start with an empty store or a new topic"
            ) from None
        if isinstance(error, CorruptRecordError):
            self._corrupt += 1
            if self._corrupt >= MAX_CORRUPT_FETCHES:
                raise Unavailable(
                    f"the brokers give corrupt records, {self._corrupt} times in a row ({error}): "
                    "repair the partition there; skipping them would lose lines"
                ) from None
        self._failures += 1
        seconds = min(1.0, 0.1 * 2 ** min(self._failures, 6))
        log.warning("broker trouble", extra={"error": str(error), "retry_in_seconds": seconds})
        time.sleep(seconds)

    def ends(self, facts: Mapping[str, TopicFacts]) -> dict[TopicPartition, int] | None:
        """End offset of every partition of our topics as the brokers count them just now: up to
        the first open transaction. None when they do not answer, or do not know a topic."""
        partitions = [
            TopicPartition(topic, partition)
            for topic in self._topics
            for partition in sorted(facts[topic].partitions)
        ]
        there = all(facts[topic].exists for topic in self._topics)
        if not there or not knows(self._consumer, partitions):
            self.set_up(True)
            return None
        try:
            ends = self._consumer.end_offsets(partitions, timeout_ms=REQUEST_MS)
        except KeyError:  # the client's, about a partition that went while it asked
            return None
        except KafkaError as error:
            self.set_up(False, error)
            return None
        self.set_up(True)
        return {partition: end + self._shift(partition) for partition, end in ends.items()}

    def log_end(self, partition: TopicPartition, end: int) -> int | None:
        """Where the log ends, open transactions included; `end` is where it may be read to. None
        while the client does not know: from the assignment until its first fetch is answered."""
        seen = self._consumer.highwater(partition)
        return None if seen is None else max(end, seen + self._shift(partition))

    def logged_at(self, partition: TopicPartition, offset: int) -> Milliseconds:
        """When the record at an offset was logged, though it may not be read yet; -1 if unknown."""
        try:
            return timestamp_of(self.identity.peek(partition, offset))
        except KafkaError:
            return -1

    def committed(self, partition: TopicPartition) -> Any:
        """What the group has committed in Kafka, with its metadata. Raises KafkaError."""
        return self._consumer.committed(partition, metadata=True, timeout_ms=REQUEST_MS)

    def _shift(self, partition: TopicPartition) -> int:
        return self.identity.shift(partition.topic)

    def first_offset(self, partition: TopicPartition, wanted: int) -> int | None:
        """Where the partition's log begins, when that is after `wanted`; None to try again.

        Raises CorruptFile when the log ends before `wanted`, which is on disk already.
        """
        shift = self._shift(partition)
        try:
            self.identity.prove()
            first = self._consumer.beginning_offsets([partition], REQUEST_MS)[partition] + shift
            last = self._consumer.end_offsets([partition], REQUEST_MS)[partition] + shift
        except KafkaError as error:
            self.trouble(error)
            return None
        if wanted < first:
            return int(first)
        if wanted > last:
            self.is_short(partition, last, wanted)
        return None

    def is_short(self, partition: TopicPartition, last: int, wanted: int) -> None:
        """The partition ends before `wanted`, which is on disk: a broker that has just become the
        leader may be behind for a moment. Raises CorruptFile when it stays so."""
        self._beyond_end += 1
        if self._beyond_end >= MAX_BEYOND_END:
            raise CorruptFile(
                f"{partition.topic}/{partition.partition} ends at offset {last}, but the store "
                f"goes on to {wanted}: the topic was made anew or cut. Use another "
                "COLLECTOR_STORE and COLLECTOR_GROUP"
            )
        time.sleep(1.0)

    def set_up(self, up: bool, error: KafkaError | None = None) -> None:
        """Whether the brokers answered just now."""
        before, self.is_up = self.is_up, up
        self.answered = time.monotonic() if up else self.answered
        self._metrics.broker_up.set(up)
        if up and not before:
            log.info("broker answers")
        elif not up:
            log.warning("broker does not answer", extra={"error": str(error)})
