"""The client as we use it: nothing automatic that could lose lines, and its defects mended."""

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from infra.processes import free_port
from movierec.errors import BadInput, Unavailable
from serve.collector.consumer import _options, connect, resume_rejoin, wait_for_any
from serve.kafka import KafkaSettings
from serve.settings import CollectorSettings
from tests.brokers.embedded import embedded_broker


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


def test_one_server_that_answers_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        good = f"127.0.0.1:{server.getsockname()[1]}"
        wait_for_any([f"127.0.0.1:{free_port()}", good], 0.0)


def test_no_server_is_named_after_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = time.sleep

    def noted(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    server, started = f"127.0.0.1:{free_port()}", time.monotonic()
    with pytest.raises(Unavailable, match=f"no broker answers at {server}"):
        wait_for_any([server], 0.3)
    assert time.monotonic() - started >= 0.3
    assert min(slept) > 0.1  # it does not hammer on the port


def settings_of(address: str, seconds: float) -> CollectorSettings:
    topics = ("movielog", "no-such")
    return CollectorSettings(KafkaSettings((address,)), topics=topics, startup_seconds=seconds)


def test_a_topic_that_is_not_there_is_named(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as address:
        settings = settings_of(address, 10.0)
        kafka = replace(settings.kafka, api_version=(2, 1))  # the embedded broker's
        with pytest.raises(BadInput, match=f"no topic no-such at {address}: create it"):
            connect(replace(settings, kafka=kafka))


def test_who_takes_connections_and_never_answers_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address, started = f"127.0.0.1:{silent.getsockname()[1]}", time.monotonic()
        with pytest.raises(Unavailable, match=f"no broker answers at {address} "):
            connect(settings_of(address, 0.5))
        assert time.monotonic() - started < 20
