"""What brokers say of topics: their ids, partitions and leaders, and a record to compare.

On a connection of its own: it may also be asked on the consumer's thread, during a rebalance.
The topics' leaders are asked, each: of all brokers, the one that gives out a topic's lines is
the first to know that the topic is another one.
"""

import base64
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError, UnknownTopicOrPartitionError
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.metadata import MetadataRequest

from movierec.times import Milliseconds

REQUEST_MS = 3000
PEEK_MS = 3000
NO_ID = UUID(int=0)


@dataclass(frozen=True)
class TopicFacts:
    """What one or more brokers say of a topic."""

    exists: bool
    """False when one of them does not know it."""
    ids: frozenset[str]
    """As Kafka prints them; empty when the brokers have none, more than one while they disagree."""
    partitions: frozenset[int]


class Topics:
    """Asks the brokers; `options` are those of kafka-python that say how to reach them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._net: Any = None
        self._manager: Any = None
        self._leaders: set[int] = set()

    def ask(self, topics: Iterable[str]) -> dict[str, TopicFacts]:
        """What the leaders of the topics say. Makes none. Raises KafkaError."""
        topics = list(topics)
        try:
            if self._manager is None:
                self._connect()
            if not self._leaders:
                self._leaders = leaders_in([self._request(topics, None)])
            nodes: list[int | None] = [*sorted(self._leaders)] or [None]
            answers = [self._request(topics, node) for node in nodes]
        except KafkaError:
            self.close()  # and begin with the bootstrap list: brokers may have moved
            raise
        self._leaders = leaders_in(answers)
        return {topic: facts_in(answers, topic) for topic in topics}

    def peek(self, partition: TopicPartition, offset: int) -> Any:
        """The first record at or after an offset, also of a transaction that is still open; None
        when there is none or the log begins later. Raises KafkaError."""
        consumer = KafkaConsumer(
            **self._options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            bootstrap_timeout_ms=REQUEST_MS,
            metrics_enabled=False,
        )
        try:
            consumer.assign([partition])
            consumer.seek(partition, offset)
            with contextlib.suppress(OffsetOutOfRangeError):
                for record in consumer.poll(PEEK_MS, max_records=1).get(partition, []):
                    return record
        finally:
            consumer.close(autocommit=False, timeout_ms=500)
        return None

    def close(self) -> None:
        """End the connection; the next question makes another."""
        manager, net, self._manager, self._net = self._manager, self._net, None, None
        self._leaders = set()
        if manager is not None:
            net.stop(REQUEST_MS)
            with contextlib.suppress(KafkaError, RuntimeError):
                manager.close()
            net.close()

    def _connect(self) -> None:
        self._net = NetworkSelector(**self._options)
        self._manager = KafkaConnectionManager(self._net, **self._options)
        self._manager.cluster.config["allow_auto_create_topics"] = False
        self._net.start()
        self._manager.bootstrap(REQUEST_MS)

    def _request(self, topics: list[str], node: int | None) -> Any:
        request = MetadataRequest(
            topics=[MetadataRequest.MetadataRequestTopic(name=topic) for topic in topics],
            allow_auto_topic_creation=False,
            include_cluster_authorized_operations=False,
            include_topic_authorized_operations=False,
        )
        manager = self._manager

        async def answer() -> Any:
            return await manager.wait_for(manager.send(request, node_id=node), REQUEST_MS)

        return self._net.run(answer)


def leaders_in(answers: list[Any]) -> set[int]:
    """The brokers that lead a partition, by their answers."""
    return {
        partition.leader_id
        for answer in answers
        for topic in answer.topics
        for partition in topic.partitions
        if partition.leader_id >= 0
    }


def facts_in(answers: list[Any], name: str) -> TopicFacts:
    """What the answers say of one topic."""
    told = [topic for answer in answers for topic in answer.topics if topic.name == name]
    known = [t for t in told if t.error_code != UnknownTopicOrPartitionError.errno]
    ids = {t.topic_id for t in known} - {None, NO_ID}
    return TopicFacts(
        exists=len(known) == len(told) and bool(told),
        ids=frozenset(map(printed, ids)),
        partitions=frozenset(p.partition_index for t in known for p in t.partitions),
    )


def printed(topic_id: UUID) -> str:
    """An id as Kafka's own tools print it: base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(topic_id.bytes).decode().rstrip("=")


def timestamp_of(record: Any) -> Milliseconds:
    """When a record was logged; -1 when unknown."""
    return -1 if record is None or record.timestamp is None else int(record.timestamp)
