"""What a service is told of its brokers: the cause, once, and never an exception."""

import threading
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer

import serve.service.brokers
from infra.processes import free_port
from serve.kafka import KafkaSettings
from serve.service.brokers import Brokers
from tests.serve.certificates import certificate
from tests.serve.test_knock import server

DOWN, REFUSED = KafkaError._TRANSPORT, KafkaError._AUTHENTICATION


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(serve.service.brokers, "time", clock)
    return clock


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since the last time: causes, or the client's own words."""
    records = [vars(record) for record in caplog.records]
    caplog.clear()
    return [record.get("cause") or record["error"] for record in records]


def of(address: str, protocol: str = "PLAINTEXT", trusted: Path | None = None) -> Brokers:
    file = str(trusted) if trusted else None
    known = {"sasl_username": "u", "sasl_password": "hunter2"} if "SASL" in protocol else {}
    return Brokers(KafkaSettings((address,), security_protocol=protocol, ssl_cafile=file, **known))


def test_a_client_that_is_not_let_in_is_told_the_cause_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    with server(good) as address:
        clients = [Producer(of_one.options()) for of_one in [of(address, "SSL")] * 2]
        for _ in range(200):
            if caplog.records:
                break
            for client in clients:
                client.poll(0.1)
        for client in clients:
            client.poll(1)
        [cause] = told(caplog)
    assert cause.startswith(f"{address} has a certificate that we do not trust")
    del clients
    assert capfd.readouterr().err == ""  # nor does librdkafka say it in its own words


def test_a_refused_password_needs_no_knocking(caplog: pytest.LogCaptureFixture) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    brokers = of(nobody, "SASL_PLAINTEXT")
    brokers.hear(KafkaError(REFUSED, "SASL authentication error: Invalid password (after 3ms)"))
    [cause] = told(caplog)
    assert cause.startswith(f"{nobody} refuses us: user u, Invalid password: check KAFKA_SASL_")
    assert "hunter2" not in cause


def test_without_a_cause_the_clients_words_are_told_a_sort_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    brokers = of(f"127.0.0.1:{free_port()}")
    for now, error, expected in [
        (0, KafkaError(DOWN, "refused"), ["refused"]),
        (1, KafkaError(DOWN, "refused again"), []),
        (2, KafkaError(KafkaError._ALL_BROKERS_DOWN, "none left"), ["none left"]),
        (59, KafkaError(DOWN, "and again"), []),
        (60, KafkaError(DOWN, "a minute later"), ["a minute later"]),
    ]:
        clock.now = 1000.0 + now
        brokers.hear(error)
        assert told(caplog) == expected


def test_a_cause_is_told_again_after_a_minute_and_nothing_in_between(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def cause_of(_: KafkaSettings, errors: list[KafkaError]) -> str | None:
        asked.append(clock.now - 1000)
        return "a cause" if clock.now > 1005 else None

    monkeypatch.setattr(serve.service.brokers, "cause_of", cause_of)
    brokers = of("a:1")
    for now in (0, 1, 9, 10, 11, 30, 69, 70, 71):
        clock.now = 1000.0 + now
        brokers.hear(KafkaError(DOWN, "down"))
    assert told(caplog) == ["down", "a cause", "a cause"]
    assert asked == [0, 10, 70]  # ports are tried every ten seconds at most


def test_a_password_is_looked_at_although_ports_were_tried_a_moment_ago(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    brokers = of(f"127.0.0.1:{free_port()}", "SASL_PLAINTEXT")
    brokers.hear(KafkaError(DOWN, "down"))
    brokers.hear(KafkaError(REFUSED, "SASL authentication error: Invalid password"))
    assert [line.split(":")[0] for line in told(caplog)] == ["down", "127.0.0.1"]


def test_a_file_of_ours_that_is_spoilt_later_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    with server(good) as address:
        brokers = of(address, "SSL", good)
        good.write_text("no certificate any more")
        brokers.hear(KafkaError(DOWN, "down"))
    [cause] = told(caplog)
    assert cause.startswith("KAFKA_SSL_CAFILE ") and "cannot be used" in cause


def test_two_clients_at_once_are_heard_one_after_the_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def cause_of(*_: Any) -> str:
        inside.set()
        assert go_on.wait(30)
        return "a cause"

    monkeypatch.setattr(serve.service.brokers, "cause_of", cause_of)
    brokers = of("a:1")
    first = threading.Thread(target=brokers.hear, args=[KafkaError(DOWN, "down")])
    first.start()
    assert inside.wait(30)
    brokers.hear(KafkaError(DOWN, "down"))  # comes back, and waits for nobody
    go_on.set()
    first.join()
    assert told(caplog) == ["a cause"]
