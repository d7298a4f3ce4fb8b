"""The embedded broker in a process of its own, for tests that need a broker and must be fast."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from confluent_kafka import Producer

from infra.processes import die_with_parent

START_SECONDS = 20.0


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
