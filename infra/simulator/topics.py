"""Topics of a replay: made before it, removed after it."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from movierec.errors import Unavailable
from serve.kafka import KafkaSettings
from serve.knock import enter

ANSWER_SECONDS = 20.0
QUIET: dict[str, Any] = {"log_level": 0, "error_cb": lambda error: None}


def create_topic(kafka: KafkaSettings, topic: str, partitions: int) -> None:
    """Create a topic; one that is there already stays as it is. Raises Unavailable."""
    enter(kafka, ANSWER_SECONDS)
    admin = AdminClient({**kafka.for_librdkafka(), **QUIET})
    made = admin.create_topics([NewTopic(topic, partitions)], operation_timeout=ANSWER_SECONDS)
    try:
        made[topic].result(ANSWER_SECONDS)
    except (KafkaException, TimeoutError) as error:
        if not _is(error, KafkaError.TOPIC_ALREADY_EXISTS):
            raise _refused("create", topic, kafka.address, error) from None


def delete_topic(kafka: KafkaSettings, topic: str) -> None:
    """Delete a topic, if it is there. Raises Unavailable."""
    enter(kafka, ANSWER_SECONDS)
    admin = AdminClient({**kafka.for_librdkafka(), **QUIET})
    gone = admin.delete_topics([topic], operation_timeout=ANSWER_SECONDS)
    try:
        gone[topic].result(ANSWER_SECONDS)
    except (KafkaException, TimeoutError) as error:
        if not _is(error, KafkaError.UNKNOWN_TOPIC_OR_PART):
            raise _refused("delete", topic, kafka.address, error) from None


def _is(error: Exception, code: int) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() == code


def _refused(what: str, topic: str, address: str, error: Exception) -> Unavailable:
    reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
    return Unavailable(f"cannot {what} topic {topic!r} at {address}: {reason}")
