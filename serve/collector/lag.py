"""How far the disk is behind Kafka: the gauges of our partitions, from assignment to the end."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import TopicPartition

from movierec.times import Milliseconds
from serve.metrics import CollectorMetrics


@dataclass
class Place:
    """Where a partition of ours stands."""

    durable: int
    """The next offset that disk lacks."""
    since: float
    """When the newest line on disk was logged, or as far as we know; s since 1970."""
    end: int | None = None
    """The end in Kafka when it was last seen."""

    @property
    def lag(self) -> int:
        """Messages in Kafka that are not on disk."""
        return 0 if self.end is None else max(0, self.end - self.durable)


class Lag:
    """The lag and the durable offset of the partitions that are ours."""

    def __init__(self, metrics: CollectorMetrics) -> None:
        self._metrics = metrics
        self._places: dict[TopicPartition, Place] = {}

    @property
    def total(self) -> int:
        """Messages that are not on disk, of all our partitions."""
        return sum(place.lag for place in self._places.values())

    def begin(self, partition: TopicPartition, durable: int) -> None:
        """The partition is ours, and on disk up to `durable`."""
        self._places[partition] = Place(durable, time.time())
        self._metrics.durable.labels(*_labels(partition)).set(durable)

    def advance(
        self, partition: TopicPartition, durable: int, timestamp: Milliseconds = -1
    ) -> None:
        """It is on disk up to `durable`; `timestamp` is that of the newest line, -1 if unknown."""
        place = self._places[partition]
        place.durable = durable
        place.since = timestamp / 1000 if timestamp >= 0 else time.time()
        self._metrics.durable.labels(*_labels(partition)).set(durable)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """They are ours no more: their new owner exports them from now on."""
        for partition in partitions:
            self._places.pop(partition, None)
            for gauge in (self._metrics.lag, self._metrics.lag_seconds, self._metrics.durable):
                with contextlib.suppress(KeyError):
                    gauge.remove(*_labels(partition))

    def observe(
        self,
        ends: Mapping[TopicPartition, int],
        waiting: Mapping[TopicPartition, Milliseconds] | None = None,
    ) -> None:
        """Take the ends in Kafka and set the gauges of what is ours.

        `waiting` has the timestamp of the oldest line that is read and not on disk: after a
        start far behind it says how far, before the first segment does.
        """
        for partition, place in self._places.items():
            place.end = ends.get(partition, place.end)
            if partition in ends and not place.lag:
                place.since = time.time()  # whatever lacks later came after this
            oldest = (waiting or {}).get(partition, -1)
            since = oldest / 1000 if oldest >= 0 else place.since
            age = max(0.0, time.time() - since) if place.lag else 0.0
            self._metrics.lag.labels(*_labels(partition)).set(place.lag)
            self._metrics.lag_seconds.labels(*_labels(partition)).set(age)


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
