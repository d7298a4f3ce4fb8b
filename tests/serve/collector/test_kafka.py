"""The same simulator and collector on real Kafka: unchanged, and to the same bytes."""

import contextlib
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from kafka import TopicPartition

from infra.processes import free_port
from movierec.store.days import closed_days, read_manifest
from movierec.store.openrows import open_rejected, open_rows
from serve.collector.consumer import Rebalances, connect
from serve.collector.fetch.topics import Topics
from serve.kafka import KafkaSettings
from tests.brokers.embedded import embedded_broker, kafka_environment
from tests.brokers.kafka import Broker
from tests.serve.collector.member import Member
from tests.serve.collector.test_main import WAIT_SECONDS, Running, got

TOPIC = "movielog"
DAYS = ["2026-11-01", "2026-11-02"]
PARTITIONS = 4
LINE = b"2026-11-01T12:00:00,1,GET /data/m/jaws/1.mpg"


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment or None,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def simulate_and_collect(
    address: str, topic: str, root: Path, environment: dict[str, str]
) -> dict[str, int]:
    """Two small days through a broker; what the simulator says it sent."""
    command = ["infra.simulator.produce", "--bootstrap", address, "--topic", topic]
    command += ["--first-day", DAYS[0], "--days", "2", "--lines-per-day", "20000"]
    command += ["--users", "50", "--movies", "50"]
    sent: dict[str, int] = json.loads(run(*command).splitlines()[-1])
    run("serve.collector", "--until-caught-up", "--store", str(root), **environment)
    return sent


def lines_of(root: Path, topic: str) -> dict[str, str]:
    """day → SHA-256 of its lines and of its rejected lines."""
    days = {}
    for day in closed_days(root, topic):
        files = read_manifest(root, topic, day)["files"]
        days[day] = json.dumps(files, sort_keys=True)
        for name, entry in files.items():
            content = (root / topic / "days" / day / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    return days


@pytest.mark.broker
def test_both_brokers_give_the_same_days(kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic(PARTITIONS)
    real = {
        **kafka_environment(kafka.address, COLLECTOR_TOPICS=topic, COLLECTOR_GROUP=topic),
        "KAFKA_API_VERSION": "",
    }
    sent = simulate_and_collect(kafka.address, topic, tmp_path / "real", real)
    with embedded_broker(tmp_path, PARTITIONS) as address:
        environment = kafka_environment(address, COLLECTOR_TOPICS=TOPIC)
        simulate_and_collect(address, TOPIC, tmp_path / "embedded", environment)
    assert list(lines_of(tmp_path / "real", topic)) == DAYS
    assert lines_of(tmp_path / "real", topic) == lines_of(tmp_path / "embedded", TOPIC)
    totals = [read_manifest(tmp_path / "real", topic, day)["totals"] for day in DAYS]
    in_days = sum(total["stored"] + total["rejected"] for total in totals)
    waiting = open_rows(tmp_path / "real", topic).num_rows
    waiting += len(list(open_rejected(tmp_path / "real", topic)))
    assert in_days + waiting == sent["lines"]


def open_transaction(kafka: Broker, topic: str) -> Producer:
    """One of 40 lines that were logged two hours ago."""
    options: dict[str, str | int] = {"bootstrap.servers": kafka.address, "transactional.id": topic}
    options["transaction.timeout.ms"] = 600_000
    producer = Producer(options)
    producer.init_transactions()
    producer.begin_transaction()
    for _ in range(40):
        producer.produce(topic, LINE, timestamp=int((time.time() - 7200) * 1000))
    producer.flush()
    return producer


@pytest.mark.broker
def test_lag_is_true_from_its_first_sample_on(kafka: Broker, tmp_path: Path) -> None:
    """Looked for before the client has fetched, as it may happen after a restart or a rebalance."""
    topic = kafka.create_topic()
    producer = open_transaction(kafka, topic)
    settings = KafkaSettings((kafka.address,))
    topics = Topics(settings.for_kafka_python())
    member = Member(tmp_path / "store", kafka=settings, topics=(topic,), group=topic)
    consumer = connect(member.settings, topics)
    where = {"topic": topic, "partition": "0"}

    def gauges() -> list[float | None]:
        names = ("collector_lag_messages", "collector_lag_seconds")
        return [member.registry.get_sample_value(name, where) for name in names]

    with contextlib.closing(topics), contextlib.closing(consumer):
        member.collector.connect(consumer, topics)
        consumer.subscribe([topic], listener=Rebalances(member.collector))
        while not member.ours.held:
            consumer.poll(100)
        member.ours.begin_held()
        member.collector._observe()
        assert gauges() == [None, None]
        partition = TopicPartition(topic, 0)
        while consumer.highwater(partition) is None:
            consumer.poll(100)
        member.collector._observe()
        lag, seconds = gauges()
        assert lag == 40
        assert seconds is not None and 7200 <= seconds < 7800
    producer.abort_transaction()


@pytest.mark.broker
def test_lag_is_known_of_a_quiet_partition_that_is_given_anew_between_two_fetches(
    kafka: Broker, tmp_path: Path
) -> None:
    """As after a rebalance that a pause of Kafka brought on: to Kafka nothing has changed."""
    topic = kafka.create_topic()
    kafka.produce(topic, [LINE] * 3)
    settings, partition = KafkaSettings((kafka.address,)), TopicPartition(topic, 0)
    topics = Topics(settings.for_kafka_python())
    member = Member(tmp_path, kafka=settings, topics=(topic,), group=topic, segment_seconds=0.1)
    consumer = connect(member.settings, topics)

    def lag() -> float | None:
        where = {"topic": topic, "partition": "0"}
        return member.registry.get_sample_value("collector_lag_messages", where)

    def is_given() -> None:
        consumer.assign([partition])
        member.collector.assigned([partition])
        member.ours.begin_held()

    def wait_until(ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not ready():
            assert time.monotonic() < deadline
            member.collector._turn()
            member.collector._observe()

    with contextlib.closing(topics), contextlib.closing(consumer):
        member.collector.connect(consumer, topics)
        is_given()
        wait_until(lambda: member.collector.writer.end(partition) == 3 and lag() == 0)
        for _ in range(5):
            member.collector._turn()  # a fetch from 3 on has been answered
        member.collector.lost([partition])
        consumer.assign([])
        is_given()
        assert lag() is None
        wait_until(lambda: lag() == 0)


@pytest.mark.broker
def test_lag_is_true_behind_an_open_transaction_and_after_a_restart(
    kafka: Broker, tmp_path: Path
) -> None:
    topic, port = kafka.create_topic(), free_port()
    kafka.produce(topic, [LINE] * 3)
    producer = open_transaction(kafka, topic)
    environment = {"COLLECTOR_TOPICS": topic, "COLLECTOR_GROUP": topic, "KAFKA_API_VERSION": ""}
    environment |= {"COLLECTOR_METRICS_PORT": str(port), "COLLECTOR_SEGMENT_SECONDS": "0.1"}
    labels = f'{{partition="0",topic="{topic}"}}'

    def gauge(name: str) -> float:
        with contextlib.suppress(OSError):  # it starts
            for shown in got(port, "metrics").splitlines():
                if shown.startswith(f"collector_{name}{labels} "):
                    return float(shown.split()[-1])
        return -1.0

    for _ in range(2):  # behind at the start, too
        collector = Running(kafka.address, tmp_path / "store", **environment)
        collector.wait_until(lambda: gauge("lag_messages") == 40)
        collector.wait_until(lambda: 7200 <= gauge("lag_seconds") < 7800)
        assert gauge("durable_offset") == 3
        assert collector.stop() == 0
        assert collector.events("stopped")[-1]["lag"] == 40
    producer.commit_transaction()
    collector = Running(kafka.address, tmp_path / "store", **environment)
    collector.wait_until(lambda: gauge("durable_offset") == 44)  # the marker's too
    collector.wait_until(lambda: (gauge("lag_messages"), gauge("lag_seconds")) == (0, 0))
    assert collector.stop() == 0
    assert collector.events("stopped")[-1]["lag"] == 0


@pytest.mark.broker
def test_lag_grows_while_kafka_is_away_though_all_was_on_disk_when_it_went(
    private_kafka: Broker, tmp_path: Path
) -> None:
    kafka = private_kafka
    topic, port = kafka.create_topic(), free_port()
    kafka.produce(topic, [LINE] * 3)
    environment = {"COLLECTOR_TOPICS": topic, "COLLECTOR_GROUP": topic, "KAFKA_API_VERSION": ""}
    environment |= {"COLLECTOR_METRICS_PORT": str(port), "COLLECTOR_SEGMENT_SECONDS": "0.1"}
    labels = f'{{partition="0",topic="{topic}"}}'

    def gauge(name: str) -> float | None:
        with contextlib.suppress(OSError):  # it starts
            for shown in got(port, "metrics").splitlines():
                if shown.startswith(f"collector_{name}{labels} "):
                    return float(shown.split()[-1])
        return None

    collector = Running(kafka.address, tmp_path / "store", **environment)
    collector.wait_until(lambda: (gauge("durable_offset"), gauge("lag_seconds")) == (3, 0))
    with kafka.paused():
        collector.wait_until(lambda: (gauge("lag_seconds") or 0) > 2)
        first = gauge("lag_seconds") or 0
        assert gauge("lag_messages") == 0
        collector.wait_until(lambda: (gauge("lag_seconds") or 0) > first + 2)
    collector.wait_until(lambda: gauge("lag_seconds") == 0)
    assert collector.stop() == 0
