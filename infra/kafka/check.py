"""Send one message through a broker and read it back: `kafka.sh check`."""

import time
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from movierec.cli import run
from movierec.errors import Unavailable

TOPIC = "kafka-check"
SECONDS = 15.0


def main(arguments: list[str]) -> int:
    """`arguments`: the bootstrap address."""
    (address,) = arguments
    started = time.monotonic()
    token = uuid.uuid4().bytes
    try:
        partition, offset = _send(address, token)
        answer = _read(address, partition, offset)
    except KafkaException as error:
        raise Unavailable(f"the broker at {address} failed the check: {error}") from error
    if answer != token:
        raise Unavailable(f"the broker at {address} did not give the message back")
    print(f"{address} took a message and gave it back in {time.monotonic() - started:.1f} s")
    return 0


def _send(address: str, token: bytes) -> tuple[int, int]:
    """Produce `token`; returns the partition and the offset that it got."""
    placed: list[tuple[int, int]] = []

    def delivered(error: KafkaError | None, message: object) -> None:
        if error is not None:
            raise KafkaException(error)
        placed.append((message.partition(), message.offset()))  # type: ignore[attr-defined]

    producer = Producer({"bootstrap.servers": address, "message.timeout.ms": int(SECONDS * 1000)})
    producer.produce(TOPIC, token, on_delivery=delivered)
    producer.flush(SECONDS)
    if not placed:
        raise Unavailable(f"the broker at {address} took no message in {SECONDS:.0f} s")
    return placed[0]


def _read(address: str, partition: int, offset: int) -> bytes | None:
    """The message at `offset`, or None when none came in time."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": TOPIC})
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
