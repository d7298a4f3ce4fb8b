"""Send one message through a broker and read it back: `kafka.sh check`."""

import os
import time
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from movierec.cli import run
from movierec.errors import Unavailable
from serve.kafka import KafkaSettings

TOPIC = "kafka-check"
SECONDS = 15.0


def main(arguments: list[str]) -> int:
    """`arguments`: the broker's address; how to talk to it is what KAFKA_… says."""
    (address,) = arguments
    kafka = KafkaSettings.from_environment(os.environ, bootstrap=address)
    started = time.monotonic()
    token = uuid.uuid4().bytes
    try:
        partition, offset = _send(kafka, token)
        answer = _read(kafka, partition, offset)
    except KafkaException as error:
        raise Unavailable(f"the broker at {address} failed the check: {error}") from error
    if answer != token:
        raise Unavailable(f"the broker at {address} did not give the message back")
    print(f"{address} took a message and gave it back in {time.monotonic() - started:.1f} s")
    return 0


def _send(kafka: KafkaSettings, token: bytes) -> tuple[int, int]:
    """Produce `token`; returns the partition and the offset that it got."""
    placed: list[tuple[int, int]] = []

    def delivered(error: KafkaError | None, message: object) -> None:
        if error is not None:
            raise KafkaException(error)
        placed.append((message.partition(), message.offset()))  # type: ignore[attr-defined]

    producer = Producer({**kafka.for_librdkafka(), "message.timeout.ms": int(SECONDS * 1000)})
    producer.produce(TOPIC, token, on_delivery=delivered)
    producer.flush(SECONDS)
    if not placed:
        raise Unavailable(f"the broker at {kafka.address} took no message in {SECONDS:.0f} s")
    return placed[0]


def _read(kafka: KafkaSettings, partition: int, offset: int) -> bytes | None:
    """The message at `offset`, or None when none came in time."""
    consumer = Consumer({**kafka.for_librdkafka(), "group.id": TOPIC})
    try:
        consumer.assign([TopicPartition(TOPIC, partition, offset)])
        message = consumer.poll(SECONDS)
        if message is None or message.error():
            return None
        value = message.value()
        return value if isinstance(value, bytes) else None
    finally:
        consumer.close()


if __name__ == "__main__":
    run(main)
