"""One member of the group on a fake consumer and the real store, for tests of its parts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from prometheus_client import CollectorRegistry

from movierec.lines.rows import LineBatch, line_of
from movierec.store.openrows import open_rows
from serve.collector.fetch.source import Chunk
from serve.collector.fetch.topics import TopicFacts
from serve.collector.loop import Collector
from serve.collector.partitions import Partitions
from serve.collector.writer import Writer
from serve.kafka import KafkaSettings
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

HERE = TopicPartition("movielog", 0)


class Consumer:
    """A consumer that remembers what it was told; `first` and `last` are the broker's offsets."""

    def __init__(self) -> None:
        self.paused: set[TopicPartition] = set()
        self.positions: dict[TopicPartition, int] = {}
        self.told: list[dict[TopicPartition, Any]] = []
        self.first, self.last = 0, 1000
        self.partitions = {0}
        self.commit_error: KafkaError | None = None
        self.ends_error: KafkaError | None = None
        self.heard_of: set[int] | None = None  # all
        self.updates = 0
        self.high = 0
        """Where the log ends, when that is beyond `last`: open transactions."""
        self.has_fetched = True
        self.commits: dict[TopicPartition, OffsetAndMetadata] = {}

    def pause(self, partition: TopicPartition) -> None:
        self.paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self.paused.discard(partition)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    def commit_async(self, offsets: dict[TopicPartition, Any]) -> None:
        if self.commit_error:
            raise self.commit_error
        self.told.append(offsets)

    def beginning_offsets(self, partitions: list[TopicPartition], _: int) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.first)

    def end_offsets(
        self, partitions: list[TopicPartition], timeout_ms: int
    ) -> dict[TopicPartition, int]:
        if self.ends_error:
            raise self.ends_error
        return dict.fromkeys(partitions, self.last)

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self.heard_of if self.heard_of is not None else self.partitions

    @property
    def _cluster(self) -> "Consumer":
        return self

    def request_update(self) -> None:
        self.updates += 1
        self.heard_of = None

    def highwater(self, partition: TopicPartition) -> int | None:
        return max(self.last, self.high) if self.has_fetched else None

    def committed(
        self, partition: TopicPartition, metadata: bool, timeout_ms: int
    ) -> OffsetAndMetadata | None:
        return self.commits.get(partition)

    def position(self, partition: TopicPartition, timeout_ms: int) -> int:
        return self.positions[partition]


class KnownTopics:
    """Brokers that know the topic by an id; without one when it is None."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.id: str | None = "A" * 22
        self.exists = True
        self.some_know = False
        """Whether it exists for some brokers, though not for all."""
        self.error: KafkaError | None = None
        self.record: Any = None
        self.closed = False
        self.peeked: list[int] = []

    def ask(self, topics: Iterable[str]) -> dict[str, TopicFacts]:
        if self.error:
            raise self.error
        known = self.exists or self.some_know
        partitions = frozenset(self.consumer.partitions if known else ())
        ids = frozenset({self.id} if self.id else ())
        return {topic: TopicFacts(self.exists, ids, partitions) for topic in topics}

    def peek(self, partition: TopicPartition, offset: int) -> Any:
        self.peeked.append(offset)
        return self.record

    def close(self) -> None:
        self.closed = True


class Member:
    """A collector on a fake consumer and the real store."""

    def __init__(
        self,
        root: Path,
        kafka: KafkaSettings | None = None,
        topics: tuple[str, ...] = ("movielog",),
        **settings: Any,
    ) -> None:
        self.root = root
        self.registry = CollectorRegistry()
        self.metrics = CollectorMetrics(self.registry)
        self.settings = CollectorSettings(
            kafka or KafkaSettings(("localhost:1",)),
            store=root,
            topics=topics,
            **{"evidence_lines": 1, **settings},
        )
        self.consumer = Consumer()
        self.collector = Collector(
            self.settings, self.metrics, Writer(self.settings, self.metrics), once=False
        )
        self.topics: Any = KnownTopics(self.consumer)
        self.collector.connect(self.consumer, self.topics)
        self.ours: Partitions = self.collector._ours

    def start(self, partition: TopicPartition = HERE) -> "Member":
        """Own the partition, from where the disk ends."""
        self.collector.assigned([partition])
        assert partition in self.consumer.paused
        self.ours.begin_held()
        assert partition not in self.consumer.paused
        return self

    def read(self, start: int, count: int, partition: TopicPartition = HERE) -> None:
        """As if the lines had come from the broker."""
        self.ours.buffers[partition].add(chunk(start, count), 0.0)

    def flush(self, partition: TopicPartition = HERE) -> None:
        """Make durable what was read."""
        self.ours.flush([partition])

    def stored(self) -> list[bytes | None]:
        """The good lines on disk."""
        rows = open_rows(self.root, HERE.topic).to_pylist()
        return [line_of(row) for row in rows]


def chunk(start: int, count: int) -> Chunk:
    """Watch lines of the users `start` and up, one an offset."""
    offsets = np.arange(start, start + count, dtype=np.int64)
    lines = [f"2026-11-01T12:00:00.500,{user},GET /data/m/jaws/1.mpg" for user in offsets]
    values = pa.array([line.encode() for line in lines], pa.large_binary())
    made = LineBatch(offsets, np.full(count, -1, np.int64), values)
    return Chunk(made, start, start + count)


def users(found: list[bytes | None]) -> list[int]:
    """Whose the lines are."""
    return [int(line.split(b",")[1]) for line in found if line is not None]
