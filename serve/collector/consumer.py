"""The Kafka consumer as the collector needs it: nothing automatic that could lose lines."""

from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import KafkaError

from movierec.errors import BadInput, Unavailable
from serve.collector.fetch.topics import Topics
from serve.knock import enter
from serve.settings import CollectorSettings

POLL_INTERVAL_MS = 600_000
FETCH_BYTES = 16 * 1024 * 1024
PARTITION_FETCH_BYTES = 2 * 1024 * 1024


def connect(settings: CollectorSettings, topics: Topics) -> KafkaConsumer:
    """A consumer that reached the brokers and found every topic; not subscribed yet.

    Raises Unavailable with the cause when no broker lets us in within `startup_seconds`, BadInput
    when a topic is not there.
    """
    servers = settings.kafka.address
    enter(settings.kafka, settings.startup_seconds)
    timeout_ms = int(settings.startup_seconds * 1000)
    consumer = None
    try:
        consumer = KafkaConsumer(**_options(settings), bootstrap_timeout_ms=timeout_ms)
        # The option does not reach the client's metadata requests (kafka-python 3.0.12).
        consumer._cluster.config["allow_auto_create_topics"] = False
        consumer.bootstrap(timeout_ms=timeout_ms)
        # Not the client: it would wait for ever for an answer.
        missing = [t for t, told in topics.ask(settings.topics).items() if not told.exists]
    except (KafkaError, OSError) as error:
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=500)
        raise Unavailable(
            f"no broker answers at {servers} ({type(error).__name__}): "
            "check KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL"
        ) from None
    if missing:
        consumer.close(autocommit=False, timeout_ms=500)
        raise BadInput(
            f"no topic {', '.join(missing)} at {servers}: create it, or set COLLECTOR_TOPICS"
        )
    return consumer


def _options(settings: CollectorSettings) -> dict[str, Any]:
    """The client's options. Its defaults would commit what is not on disk and skip to the end."""
    return {
        **settings.kafka.for_kafka_python(),
        "client_id": "movierec-collector",
        "group_id": settings.group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "check_crcs": True,
        "partition_assignment_strategy": (RoundRobinPartitionAssignor,),
        "session_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": max(100, min(3000, settings.session_timeout_ms // 5)),
        "max_poll_interval_ms": POLL_INTERVAL_MS,
        "max_poll_records": 20_000,
        "fetch_max_bytes": FETCH_BYTES,
        "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
        "fetch_max_wait_ms": 250,
        # Else an answer leaves out what has not changed, and of a partition that we were given
        # anew between two fetches the client never learns where the log ends.
        "enable_incremental_fetch_sessions": False,
        "metadata_max_age_ms": 60_000,
        "reconnect_backoff_max_ms": 5_000,
        "metrics_enabled": False,
    }


def resume_rejoin(consumer: Any) -> None:
    """Make the client go on with a rejoin that it began and forgot.

    It decides at each poll anew whether it must join. When its metadata flickered, so that it
    must at one poll and need not at the next, it has given its partitions up, sends no
    heartbeats, and would read nothing ever again (kafka-python 3.0.12, `join_group_async`).
    """
    coordinator: Any = getattr(consumer, "_coordinator", None)
    if getattr(coordinator, "rejoining", False) and not coordinator.need_rejoin():
        coordinator.request_rejoin()


def knows(consumer: Any, partitions: Sequence[TopicPartition]) -> bool:
    """Whether the client has heard of all these partitions; else it is made to ask at once, and
    the group shares out what was added, long before the client's metadata would be too old."""
    topics = {partition.topic for partition in partitions}
    heard = {
        TopicPartition(topic, number)
        for topic in topics
        for number in consumer._cluster.partitions_for_topic(topic) or ()
    }
    if heard.issuperset(partitions):
        return True
    consumer._cluster.request_update()
    return False


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes the group's decisions on. Runs on the client's thread while `poll` waits."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Ours from now on."""
        self._owner.assigned(assigned)

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Ours until this returns."""
        self._owner.revoked(revoked)

    def on_partitions_lost(self, lost: Any) -> None:
        """No longer ours: somebody else may be writing already."""
        self._owner.lost(lost)
