"""What the collector asks the brokers beside lines, and what it does when they fail."""

import logging
import time
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

REQUEST_MS = 3000
MAX_CORRUPT_FETCHES = 20
MAX_BEYOND_END = 5


class Broker:
    """Offsets of partitions, and patience with brokers that do not answer."""

    def __init__(
        self, consumer: Any, settings: CollectorSettings, metrics: CollectorMetrics
    ) -> None:
        self._consumer = consumer
        self._topics = settings.topics
        self._metrics = metrics
        self._failures = 0  # in a row
        self._corrupt = 0
        self._beyond_end = 0
        self._up = False
        self._partitions: list[TopicPartition] = []

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

    def ends(self) -> dict[TopicPartition, int] | None:
        """End offset of every partition of our topics; None when the brokers do not answer."""
        try:
            if not self._partitions:
                self._partitions = [
                    TopicPartition(topic, partition)
                    for topic in self._topics
                    for partition in sorted(self._consumer.partitions_for_topic(topic))
                ]
            ends: dict[TopicPartition, int] = self._consumer.end_offsets(
                self._partitions, timeout_ms=REQUEST_MS
            )
        except KafkaError as error:
            self._set_up(False, error)
            return None
        self._set_up(True)
        return ends

    def first_offset(self, partition: TopicPartition, wanted: int) -> int | None:
        """Where the partition's log begins, when that is after `wanted`; None to try again.

        Raises CorruptFile when the log ends before `wanted`, which is on disk already.
        """
        try:
            first = self._consumer.beginning_offsets([partition], REQUEST_MS)[partition]
            last = self._consumer.end_offsets([partition], REQUEST_MS)[partition]
        except KafkaError as error:
            self.trouble(error)
            return None
        if wanted < first:
            return int(first)
        if wanted > last:
            self._beyond_end += 1
            if self._beyond_end >= MAX_BEYOND_END:
                raise CorruptFile(
                    f"{partition.topic}/{partition.partition} ends at offset {last}, but the store "
                    f"goes on to {wanted}: the topic was made anew or cut. Use an empty store"
                )
            time.sleep(1.0)
        return None

    def _set_up(self, up: bool, error: KafkaError | None = None) -> None:
        before, self._up = self._up, up
        self._metrics.broker_up.set(up)
        if up and not before:
            log.info("broker answers")
        elif not up:
            log.warning("broker does not answer", extra={"error": str(error)})
