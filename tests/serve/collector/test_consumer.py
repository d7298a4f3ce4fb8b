"""The client as we use it: nothing automatic that could lose lines, and its defects mended."""

import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError

from movierec.errors import BadInput, Unavailable
from serve.collector import consumer as module
from serve.collector.consumer import _options, connect, knows, resume_rejoin
from serve.collector.fetch.topics import Topics
from serve.kafka import KafkaSettings
from serve.settings import CollectorSettings
from tests.brokers.embedded import embedded_broker
from tests.serve.collector.member import Consumer, KnownTopics


def test_the_clients_defaults_that_lose_lines_are_off() -> None:
    options = _options(CollectorSettings(KafkaSettings(("localhost:1",)), group="g"))
    assert options["enable_auto_commit"] is False
    assert options["auto_offset_reset"] == "none"
    assert options["isolation_level"] == "read_committed"
    assert options["check_crcs"] is True
    assert options["allow_auto_create_topics"] is False
    assert options["group_id"] == "g"


class ForgetfulCoordinator:
    """As kafka-python's after its metadata flickered: it began to rejoin, and need not now."""

    rejoining = True

    def __init__(self) -> None:
        self.asked = 0

    def need_rejoin(self) -> bool:
        return self.asked > 0

    def request_rejoin(self) -> None:
        self.asked += 1


def test_a_rejoin_that_the_client_forgot_goes_on() -> None:
    consumer = type("Consumer", (), {"_coordinator": ForgetfulCoordinator()})()
    resume_rejoin(consumer)
    resume_rejoin(consumer)  # once is enough
    assert consumer._coordinator.asked == 1
    resume_rejoin(object())  # a client without this defect is left alone


def settings_of(address: str, seconds: float) -> CollectorSettings:
    topics = ("movielog", "no-such")
    return CollectorSettings(KafkaSettings((address,)), topics=topics, startup_seconds=seconds)


def connected(settings: CollectorSettings) -> None:
    """Connect as the program does."""
    topics = Topics(settings.kafka.for_kafka_python())
    try:
        connect(settings, topics).close()
    finally:
        topics.close()


def test_a_topic_that_is_not_there_is_named(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as address:
        settings = settings_of(address, 10.0)
        kafka = replace(settings.kafka, api_version=(2, 1))  # the embedded broker's
        with pytest.raises(BadInput, match=f"no topic no-such at {address}: create it"):
            connected(replace(settings, kafka=kafka))


@pytest.mark.parametrize("answers", [True, False])
def test_a_client_that_is_of_no_use_is_closed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    closed: list[dict[str, Any]] = []
    close = KafkaConsumer.close

    def noted(consumer: KafkaConsumer, **options: Any) -> None:
        closed.append(options)
        close(consumer, **options)

    def gone(*_: Any) -> None:
        raise KafkaConnectionError("gone")

    monkeypatch.setattr(KafkaConsumer, "close", noted)
    if not answers:
        monkeypatch.setattr(Topics, "ask", gone)
    with embedded_broker(tmp_path) as address:
        settings = settings_of(address, 10.0)
        kafka = replace(settings.kafka, api_version=(2, 1))
        with pytest.raises(BadInput if answers else Unavailable):
            connected(replace(settings, kafka=kafka))
    [options] = closed
    assert options["autocommit"] is False and options["timeout_ms"] <= 1000


@pytest.mark.parametrize("version", [None, (2, 1)])
def test_who_takes_connections_and_never_answers_is_no_broker(
    version: tuple[int, ...] | None,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address, started = f"127.0.0.1:{silent.getsockname()[1]}", time.monotonic()
        settings = settings_of(address, 0.5)
        kafka = replace(settings.kafka, api_version=version)
        with pytest.raises(Unavailable, match=f"no broker answers at {address}:"):
            connected(replace(settings, kafka=kafka))
        assert time.monotonic() - started < 20


def test_what_is_added_is_asked_for_at_once() -> None:
    consumer = Consumer()
    consumer.heard_of = {0}
    assert knows(consumer, [TopicPartition("movielog", 0)])
    assert not knows(consumer, [TopicPartition("movielog", n) for n in (0, 1)])
    assert consumer.updates == 1


class Waiting:
    """A client that says how long it was told to wait for the brokers."""

    def __init__(self, bootstrap_timeout_ms: int, **options: Any) -> None:
        self.waits = [bootstrap_timeout_ms]
        self._cluster = self
        self.config = options

    def bootstrap(self, timeout_ms: int) -> None:
        self.waits.append(timeout_ms)


def test_the_client_waits_for_brokers_as_long_as_the_start_may_take_and_makes_no_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "enter", lambda kafka, seconds: None)
    monkeypatch.setattr(module, "KafkaConsumer", Waiting)
    settings = CollectorSettings(KafkaSettings(("a:1",)), startup_seconds=7.5)
    topics: Any = KnownTopics(Consumer())
    client: Any = connect(settings, topics)
    assert client.waits == [7500, 7500]
    assert client.config["allow_auto_create_topics"] is False


@pytest.mark.parametrize("session", [1000, 6000, 30_000, 1_800_000])
def test_a_session_holds_several_heartbeats_and_a_second_few(session: int) -> None:
    """One may be late or lost; a coordinator hears from every member there is."""
    settings = CollectorSettings(KafkaSettings(("a:1",)), session_timeout_ms=session)
    options = _options(settings)
    assert options["session_timeout_ms"] == session
    assert 100 <= options["heartbeat_interval_ms"] <= session / 5
    assert options["heartbeat_interval_ms"] <= 3000 < options["max_poll_interval_ms"]
