"""Why brokers do not let us in: by real TLS servers, and by what librdkafka says of passwords."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from infra.processes import free_port
from movierec.errors import Unavailable
from serve.kafka import KafkaSettings
from serve.knock import asks_who_we_are, cause_of, enter, port_cause, sasl_cause, tls_cause
from tests.brokers.embedded import embedded_broker
from tests.brokers.kafka import Broker
from tests.serve.certificates import certificate


@contextlib.contextmanager
def server(file: Path | None = None, wants: Path | None = None) -> Iterator[str]:
    """Who takes connections: with TLS by a certificate, wanting one, or closing on what it got."""
    context = None
    if file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if wants is not None:
            context.load_verify_locations(wants)
            context.verify_mode = ssl.CERT_REQUIRED

    def answer(connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.suppress(OSError), connection:
            talk = context.wrap_socket(connection, server_side=True) if context else connection
            with talk:
                talk.recv(1000)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def refused(address: str, protocol: str = "SSL", trusted: Path | None = None) -> str:
    """What the user is told."""
    file = str(trusted) if trusted else None
    kafka = KafkaSettings((address,), security_protocol=protocol, ssl_cafile=file)
    with pytest.raises(Unavailable) as caught:
        enter(kafka, 20.0)
    assert address in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    other = certificate(tmp_path, "other", "127.0.0.1", 2)
    with server(good) as address:
        for trusted in (None, other):
            said = refused(address, trusted=trusted)
            assert "a certificate that we do not trust (self-signed certificate)" in said
            assert "check KAFKA_SSL_CAFILE" in said


def test_a_certificate_that_is_over(tmp_path: Path) -> None:
    old = certificate(tmp_path, "old", "127.0.0.1", -2)
    with server(old) as address:
        assert "not valid any more (certificate has expired)" in refused(address, trusted=old)


@pytest.mark.parametrize("host", ["127.0.0.2", "elsewhere.example"])
def test_a_certificate_for_another_host(tmp_path: Path, host: str) -> None:
    other = certificate(tmp_path, "host", host, 2)
    with server(other) as address:
        said = refused(address, trusted=other)
    assert "a certificate for another host" in said and "check KAFKA_BOOTSTRAP_SERVERS" in said


def test_a_broker_that_wants_our_certificate(tmp_path: Path) -> None:
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    with server(good, wants=good) as address:
        assert "set KAFKA_SSL_CERTFILE" in refused(address, trusted=good)


def test_tls_spoken_to_a_plain_port_and_the_reverse(tmp_path: Path) -> None:
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    with server() as address:
        said = refused(address, trusted=good)
        assert f"{address} does not speak TLS" in said and "KAFKA_SECURITY_PROTOCOL (SSL)" in said
    with server(good) as address:
        said = refused(address, "PLAINTEXT")
        assert said == f"{address} speaks TLS: set KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Authentication failed: Invalid username or password", "KAFKA_SASL_PASSWORD_FILE"),
        ("Broker: Unsupported SASL mechanism: PLAIN", "KAFKA_SASL_MECHANISM (SCRAM-SHA-256)"),
        ("Broker: Request not valid in current SASL state", "check KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_what_is_refused_by_name_is_told_with_its_setting(said: str, told: str) -> None:
    kafka = KafkaSettings(
        ("a:1",),
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-256",
        sasl_username="someone",
        sasl_password="hunter2",
    )
    cause = sasl_cause(kafka, f"sasl://a: SASL authentication error: {said} (after 3ms in state)")
    assert told in cause and said in cause and "after" not in cause and "hunter2" not in cause


def test_one_server_that_answers_is_enough(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as address:
        enter(KafkaSettings((f"127.0.0.1:{free_port()}", address)), 20.0)


@pytest.mark.broker
def test_nothing_is_said_against_a_broker_that_lets_us_in(kafka: Broker) -> None:
    assert port_cause(KafkaSettings((kafka.address,)), kafka.address) is None


def test_nobody_is_waited_for_and_then_said(tmp_path: Path) -> None:
    address, started = f"127.0.0.1:{free_port()}", time.monotonic()
    with pytest.raises(Unavailable, match=f"no broker answers at {address}: check KAFKA_BOOT"):
        enter(KafkaSettings((address,)), 0.3)
    assert time.monotonic() - started >= 0.3


NOT_LET_IN = (
    KafkaSettings(("a:1", "b:2"), security_protocol="SASL_PLAINTEXT", sasl_username="u",
                  sasl_password="hunter2")
)  # fmt: skip


def test_a_refused_user_is_told_at_once_and_whatever_else_was_said_before() -> None:
    said = "sasl://a: SASL authentication error: Invalid username or password (after 3ms in state)"
    errors = [KafkaError(KafkaError._TRANSPORT, "x"), KafkaError(KafkaError._AUTHENTICATION, said)]
    assert cause_of(NOT_LET_IN, errors) == (
        "a:1,b:2 refuses us: user u, Invalid username or password: "
        "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE"
    )


class Answering:
    """Who gives these answers, one a request of a connection, and then says no more."""

    def __init__(self, answers: tuple[bytes, ...]) -> None:
        self.answers = answers
        self.asked: list[bytes] = []

    def answer(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as talk:
            for given in self.answers:
                self.asked.append(talk.read(int.from_bytes(talk.read(4))))
                talk.write(given)
                talk.flush()
            connection.shutdown(socket.SHUT_WR)
            talk.read()  # until the other side closes, too


ANSWER = (10).to_bytes(4) + bytes(10)
ASKS = "asks who we are: set KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT"


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ((), None),  # nothing is known of who answers nothing
        ((ANSWER,), ASKS),
        ((ANSWER, ANSWER), None),
        ((ANSWER, ANSWER[:-1]), ASKS),
        ((ANSWER, bytes(4)), ASKS),
    ],
    ids=["nothing", "versions alone", "all", "half an answer", "an empty one"],
)
def test_who_tells_versions_alone_asks_who_we_are(
    answers: tuple[bytes, ...], cause: str | None
) -> None:
    told = Answering(answers)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=told.answer, args=(theirs,), daemon=True)
    thread.start()
    with ours:
        assert asks_who_we_are(ours) == cause
    thread.join(10)
    # By Kafka's protocol: the request and its version, a number of ours, no name of a client;
    # and what is asked of no topic.
    requests = [(asked[:4], asked[8:]) for asked in told.asked]
    assert (
        requests
        == [(b"\0\x12\0\0", b"\xff\xff"), (b"\0\x03\0\0", b"\xff\xff" + bytes(4))][: len(answers)]
    )


def test_a_broker_that_speaks_tls_and_waits_for_us_to_speak_holds_nobody_up(tmp_path: Path) -> None:
    """After the handshake an alert may follow, or nothing, for as long as we say nothing."""
    good = certificate(tmp_path, "good", "127.0.0.1", 2)
    kafka = KafkaSettings(("x:1",), security_protocol="SSL", ssl_cafile=str(good))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good)
    told: list[str | None] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def ask() -> None:
            with socket.create_connection(listener.getsockname()) as connection:
                told.append(tls_cause(kafka, connection, "127.0.0.1"))

        asker = threading.Thread(target=ask, daemon=True)
        asker.start()
        with context.wrap_socket(listener.accept()[0], server_side=True):
            asker.join(60)
    assert told == [None]
