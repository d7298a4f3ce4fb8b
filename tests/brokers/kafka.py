"""A private Apache Kafka for tests: started by infra/kafka/kafka.sh, broken on purpose.

The `kafka` fixture is one broker for the whole run, for tests that leave it well; use topic
names of your own. `private_kafka` is one for a single module, which may kill, pause and empty it.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from infra.processes import die_with_parent, free_port

SCRIPT = Path(__file__).parents[2] / "infra/kafka/kafka.sh"
START_SECONDS = 90.0
ADMIN_SECONDS = 20.0

_names = itertools.count(1)


class Broker:
    """One Kafka node in its own folder, on its own port, which survives restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._producers = threading.local()

    # Its life

    def start(self) -> None:
        """Start it, the same folder and port each time, and wait until it answers."""
        command = [str(SCRIPT), "run", "--dir", str(self.folder), "--port", str(self.port)]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "out.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        status = [str(SCRIPT), "status", "--dir", str(self.folder)]
        while subprocess.run(status, capture_output=True).returncode:
            log = (self.folder / "out.log").read_text(errors="replace")
            assert self.process.poll() is None, f"the broker ended: {log[-500:]}"
            assert time.monotonic() < deadline, f"the broker does not answer: {log[-500:]}"
            time.sleep(0.2)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, number)
        self.process.wait(60)
        self.process = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP, and SIGCONT when the block ends."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    # What it holds

    def admin(self) -> AdminClient:
        """A client for everything that has no method here."""
        return AdminClient({"bootstrap.servers": self.address})

    def create_topic(self, partitions: int = 1, prefix: str = "log", **config: str | int) -> str:
        """A new topic; `config` names its settings with `_` for `.`. Returns its name."""
        return self.make_topic(f"{prefix}-{next(_names)}", partitions, **config)

    def make_topic(self, name: str, partitions: int = 1, **config: str | int) -> str:
        """As `create_topic`, of a given name; also of one that was deleted a moment ago."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
        deadline = time.monotonic() + ADMIN_SECONDS
        while True:
            try:
                self._done(lambda admin: admin.create_topics([topic]))
            except KafkaException as error:
                exists = error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
                if not exists or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return name

    def delete_topic(self, name: str) -> None:
        """Delete a topic with all its lines."""
        self._done(lambda admin: admin.delete_topics([name]))
        self._producers.__dict__.clear()  # they would make it again

    def add_partitions(self, topic: str, count: int) -> None:
        """Let a topic have `count` partitions in all."""
        self._done(lambda admin: admin.create_partitions([NewPartitions(topic, count)]))
        self._producers.__dict__.clear()  # they would learn of it in five minutes

    def produce(
        self,
        topic: str,
        lines: Iterable[bytes | None],
        partition: int = 0,
        timestamps: Sequence[int] | None = None,
        **config: str | int,
    ) -> int:
        """Append `lines` to one partition in order; returns how many there were.

        timestamps: of the records, ms since 1970; None is now. config: of the producer, with
        `_` for `.`.
        """
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: object) -> None:
            if error is not None:
                failures.append(error)

        settings = {"bootstrap.servers": self.address, "enable.idempotence": True, "linger.ms": 20}
        settings |= {"log_level": 0}  # what happens to the broker happens on purpose
        settings |= {key.replace("_", "."): value for key, value in config.items()}
        producer = self._producer(settings)
        count = 0
        for count, line in enumerate(lines, start=1):
            at = timestamps[count - 1] if timestamps else int(time.time() * 1000)
            place = {"partition": partition, "timestamp": at, "on_delivery": delivered}
            _enqueue(producer, topic, line, **place)
        assert producer.flush(120) == 0 and not failures, failures[:1]
        return count

    def _producer(self, settings: Mapping[str, str | int | bool]) -> Producer:
        """One producer for each thread and settings: a new one takes half a second to begin."""
        known: dict[str, Producer] = self._producers.__dict__
        key = str(sorted(settings.items()))
        if key not in known:
            known[key] = Producer(dict(settings))
        return known[key]

    def read(self, topic: str, partition: int) -> list[bytes | None]:
        """All lines that the broker holds of a partition that it never forgot anything of."""
        where = TopicPartition(topic, partition, 0)
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "reader"})
        try:
            _, end = consumer.get_watermark_offsets(where, timeout=ADMIN_SECONDS)
            consumer.assign([where])
            lines: list[bytes | None] = []
            while len(lines) < end:
                for message in consumer.consume(10_000, timeout=1.0):
                    assert message.error() is None, message.error()
                    lines.append(message.value())
        finally:
            consumer.close()
        return lines

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Make the broker forget what stands before an offset, as retention does."""
        where = TopicPartition(topic, partition, before)
        self._done(lambda admin: admin.delete_records([where]))

    def delete_group(self, group: str) -> None:
        """Forget a consumer group (it must have no members) with all its offsets."""
        self._done(lambda admin: admin.delete_consumer_groups([group]))

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(self.admin().list_topics(topic, timeout=ADMIN_SECONDS).topics[topic].partitions)

    def _done(self, request: Callable[[AdminClient], Mapping[Any, Future[Any]]]) -> None:
        """Make an admin request and wait until it is done."""
        admin = self.admin()  # its futures die with it
        for future in request(admin).values():
            future.result(ADMIN_SECONDS)


def _enqueue(producer: Producer, topic: str, line: bytes | None, **place: Any) -> None:
    """Hand one line over, waiting while the producer's queue is full."""
    while True:
        try:
            producer.produce(topic, line, **place)
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """A broker that runs while the block does."""
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run: leave it as well as you found it."""
    with running(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="module")
def private_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for one module, which may break it."""
    with running(tmp_path_factory.mktemp("private-kafka")) as broker:
        yield broker
