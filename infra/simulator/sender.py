"""Lines → Kafka, in big batches, each delivered or the program fails."""

import argparse
import os
import time
from types import TracebackType

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from movierec.errors import Unavailable
from serve.kafka import KafkaSettings
from serve.knock import enter

ANSWER_SECONDS = 10.0
FLUSH_SECONDS = 60.0
OPTIONS = {
    "enable.idempotence": True,  # a retry neither doubles a line nor changes the order
    "acks": "all",
    "linger.ms": 50,
    "batch.size": 1_000_000,
    "batch.num.messages": 50_000,
    "compression.type": "zstd",
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 512 * 1024,
    "message.timeout.ms": 30_000,
    "delivery.report.only.error": True,
}


def add_kafka_options(parser: argparse.ArgumentParser) -> None:
    """Where lines go."""
    parser.add_argument(
        "--bootstrap",
        metavar="HOST:PORT",
        help="a broker (else KAFKA_BOOTSTRAP_SERVERS; TLS and SASL come from KAFKA_… alone)",
    )
    parser.add_argument("--topic", default="movielog")


def kafka_of(options: argparse.Namespace) -> KafkaSettings:
    """How to reach the brokers that the options or the environment name. Raises BadParams."""
    return KafkaSettings.from_environment(os.environ, bootstrap=options.bootstrap)


class Sender:
    """A producer of log lines to one topic; use it in a `with`."""

    def __init__(self, kafka: KafkaSettings, topic: str, linger_ms: int = 50) -> None:
        self.topic = topic
        self._failure: KafkaError | None = None
        self._producer = Producer(
            {
                **OPTIONS,
                **kafka.for_librdkafka(),
                "linger.ms": linger_ms,
                "on_delivery": self._delivered,
                "error_cb": lambda error: None,
                "log_level": 0,
            }
        )
        enter(kafka, ANSWER_SECONDS)
        self.partitions = self._count_partitions(kafka.address)

    def _count_partitions(self, address: str) -> int:
        """How many partitions the topic has; a broker that makes topics gets a moment for it."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                found = self._producer.list_topics(self.topic, timeout=ANSWER_SECONDS)
            except KafkaException:
                raise Unavailable(
                    f"no broker answers at {address}: check --bootstrap and KAFKA_…"
                ) from None
            topic = found.topics[self.topic]
            if topic.error is None and topic.partitions:
                return len(topic.partitions)
            if time.monotonic() > deadline:
                raise Unavailable(f"no topic {self.topic!r} at {address}: create it first")
            time.sleep(0.2)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.flush()

    def send(self, line: bytes, partition: int, timestamp_ms: int) -> None:
        """Queue one line; waits while the queue is full."""
        while True:
            try:
                self._producer.produce(
                    self.topic, line, partition=partition, timestamp=timestamp_ms
                )
                return
            except BufferError:
                self._producer.poll(0.1)
                self._check()

    def poll(self) -> None:
        """Take in what the broker said meanwhile. Raises Unavailable when a line was lost."""
        self._producer.poll(0)
        self._check()

    def flush(self) -> None:
        """Wait until every line is delivered. Raises Unavailable when one was not."""
        left = self._producer.flush(FLUSH_SECONDS)
        self._check()
        if left:
            raise Unavailable(f"{left:,} lines for {self.topic!r} were not delivered in time")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self._failure = self._failure or error

    def _check(self) -> None:
        if self._failure is not None:
            raise Unavailable(f"a line for {self.topic!r} was not delivered: {self._failure}")
