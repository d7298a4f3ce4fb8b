"""The embedded broker in a process of its own, for tests that need a broker and must be fast."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from infra.processes import die_with_parent

START_SECONDS = 20.0
READ_SECONDS = 120.0


@contextlib.contextmanager
def embedded_broker(folder: Path, partitions: int = 4) -> Iterator[str]:
    """The address of a broker with the topics `movielog` and `served`."""
    file = folder / "broker.address"
    command = [sys.executable, "-m", "infra.kafka.embedded", "--topics", "movielog", "served"]
    command += ["--partitions", str(partitions), "--address-file", str(file)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not file.exists():
            assert process.poll() is None, "the broker ended"
            assert time.monotonic() < deadline, "the broker did not start"
            time.sleep(0.02)
        yield file.read_text().strip()
    finally:
        process.terminate()
        process.wait()


def kafka_environment(address: str, **more: str) -> dict[str, str]:
    """The environment of a program of ours that talks to the embedded broker."""
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_API_VERSION": "2.1",
        "COLLECTOR_METRICS_PORT": "0",
        # Its brokers may let a member that joins twice wait until its session is over.
        "COLLECTOR_SESSION_TIMEOUT_MS": "6000",
        **more,
    }


def send(address: str, topic: str, lines: Sequence[bytes], partition: int = 0) -> None:
    """Send lines to one partition, in order, and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    for line in lines:
        producer.produce(topic, line, partition=partition)
    assert producer.flush(10) == 0


class Kept(NamedTuple):
    """A line as the broker keeps it."""

    key: bytes | None
    line: bytes
    partition: int
    timestamp: int
    """Milliseconds since 1970."""


def held(address: str, topic: str, partitions: int = 4) -> list[Kept]:
    """Everything that a topic holds now; each partition's lines in order."""
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "test", "enable.auto.commit": False}
    )
    places = [TopicPartition(topic, p, 0) for p in range(partitions)]
    wanted = sum(consumer.get_watermark_offsets(place, timeout=60)[1] for place in places)
    consumer.assign(places)
    deadline = time.monotonic() + READ_SECONDS
    found: list[Kept] = []
    while len(found) < wanted:
        assert time.monotonic() < deadline, f"{wanted - len(found)} lines are missing"
        for message in consumer.consume(wanted - len(found), 0.2):
            line, partition = message.value(), message.partition()
            assert line is not None and partition is not None, message.error()
            found.append(Kept(message.key(), line, partition, message.timestamp()[1]))
    consumer.close()
    return found
