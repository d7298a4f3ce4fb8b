"""How far the disk is behind Kafka: the gauges of our partitions, from assignment to the end.

Seconds are the age of the oldest line that is not on disk, by its timestamp in Kafka. They are
counted when they are asked for, so that they grow while nobody looks: cut off from Kafka, or before
a disk that hangs, there may be lines that we do not know of, as old as the last look.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import TopicPartition

from movierec.times import Milliseconds
from serve.metrics import CollectorMetrics

BLIND_SECONDS = 60.0
"""When all was on disk and nobody has looked for so long, nobody knows that it still is."""


@dataclass
class Place:
    """Where a partition of ours stands."""

    durable: int
    """The next offset that disk lacks."""
    since: float
    """The oldest line that disk lacks was logged after this: when the newest one on disk was, or
    when all was on disk by a look into Kafka; s since 1970."""
    is_sure: bool = False
    """Whether `since` is known; at first, and after a gap, it is only when we began to wait."""
    end: int | None = None
    """The end in Kafka when it was last seen; None while it never was."""
    missing: float | None = None
    """When the oldest line that disk lacks was logged; None when the last look found none."""

    @property
    def lag(self) -> int:
        """Messages in Kafka that are not on disk."""
        return 0 if self.end is None else max(0, self.end - self.durable)

    def age(self) -> float:
        """Of the oldest line that disk lacks, now; 0 when there is none."""
        if self.missing is not None:
            return max(0.0, time.time() - self.missing)
        blind = time.time() - self.since
        return blind if blind > BLIND_SECONDS else 0.0


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

    def is_sure(self, partition: TopicPartition) -> bool:
        """Whether it is known when the oldest line that disk lacks was logged, or that none is."""
        return self._places[partition].is_sure

    def advance(
        self, partition: TopicPartition, durable: int, timestamp: Milliseconds = -1
    ) -> None:
        """It is on disk up to `durable`; `timestamp` is that of the newest line, -1 if unknown."""
        place = self._places[partition]
        place.durable = durable
        place.is_sure = timestamp >= 0
        place.since = timestamp / 1000 if place.is_sure else time.time()
        place.missing = None if place.missing is None else place.since
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

        Of a partition whose end is not given nobody knows: lines may have come since. Where none
        was ever given, 0 would be a guess: there is no sample, and once we are blind one of the
        seconds alone, from the assignment on. `waiting` has the timestamp of the oldest line that
        Kafka has and disk lacks, where it is known.
        """
        for partition, place in self._places.items():
            place.end = ends.get(partition, place.end)
            if place.end is None and time.time() - place.since <= BLIND_SECONDS:
                continue
            oldest = (waiting or {}).get(partition, -1)
            if partition in ends and not place.lag:
                place.since, place.missing, place.is_sure = time.time(), None, True
            elif oldest >= 0:
                place.missing = oldest / 1000
            elif partition in ends or place.missing is None:
                place.missing = place.since
            if place.end is not None:
                self._metrics.lag.labels(*_labels(partition)).set(place.lag)
            self._metrics.lag_seconds.labels(*_labels(partition)).set_function(place.age)


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
