"""The service as a program against clients that are many, silent, slow and false, and its end."""

import contextlib
import os
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs.models import saved_model
from tests.serve.http.running import ask, one, received, status
from tests.serve.service.test_main import SECONDS, Service, running

IDLE = 5_000
RECOMMEND = ask("/recommend/3")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("models") / "svd")


@pytest.fixture
def service(model: Path, tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "log", SERVICE_MODEL_DIR=str(model)) as service:
        service.wait_until_ready()
        yield service


def connect(service: Service, data: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS)
    client.sendall(data)
    return client


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "new"])
def test_sigterm_with_thirty_in_flight_all_are_answered(service: Service, kept: bool) -> None:
    """It sees neither them nor the signal before all of them are there."""
    with contextlib.ExitStack() as stack:
        clients = []
        if kept:
            clients = [stack.enter_context(connect(service, RECOMMEND)) for _ in range(30)]
            assert [status(one(client)) for client in clients] == [200] * 30
        service.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, service.process.pid, os.WSTOPPED)
        clients = clients or [stack.enter_context(connect(service)) for _ in range(30)]
        for client in clients:
            client.sendall(RECOMMEND)
        service.process.send_signal(signal.SIGTERM)
        service.process.send_signal(signal.SIGCONT)
        for client in clients:
            answer = received(client)
            assert status(answer) == 200 and answer.count(b"movie+") == 20
            client.close()
        assert service.end()[0] == 0


@pytest.mark.slow
def test_thousands_of_silent_connections_keep_nobody_from_an_answer(service: Service) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = IDLE if hard == resource.RLIM_INFINITY else min(IDLE, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, many + 500), hard))
    try:
        with contextlib.ExitStack() as stack:
            for number in range(many):
                stack.enter_context(connect(service))
                if number % 500 == 0:
                    assert len(service.get("/recommend/3").split(",")) == 20
            assert service.get("/healthz") == "ok"
            assert 'refusals_total{reason="crowd"} 0.0' not in service.get("/metrics")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FALSE = [
    (ask("/recommend/3", "X-A: " + "a" * 65_536 + "\r\n"), 431),
    (ask("/recommend/3", "X-Request-Id: 7\r\n X-Model: evil\r\n"), 400),
    (ask("/recommend/3", "X-Request-Id: 7\rX-Model: evil\r\n"), 400),
    (ask("/recommend/3", "X-Request-Id: 7\nX-Model: evil\r\n"), 400),
    (ask("/recommend/3", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400),
    (ask("/recommend/3%0d%0aX-Model:%20evil"), 400),
    (ask("/recommend/3%0d%0a%0d%0aevil?exclude=%0d%0aX-Model:%20evil"), 400),
    (ask("/recommend/3?watched=%0d%0aX-Model:%20evil"), 400),
    (ask("/similar/%0d%0aX-Model:%20evil"), 400),
    (ask("/%0d%0aX-Model:%20evil"), 404),
    (ask("/recommend/3", "X-Request-Id: 7%0d%0aX-Model: evil\r\n"), 200),
]


def test_what_is_false_becomes_no_header_no_line_and_nobody_s_answer(service: Service) -> None:
    for sent, expected in FALSE:
        with connect(service) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
            head, _, body = received(client).partition(b"\r\n\r\n")
        assert status(head) == expected, sent
        values = [line.partition(b":")[2].strip() for line in head.split(b"\r\n")]
        assert b"evil" not in values
        assert len(body.splitlines()) == 1
        assert len(service.get("/recommend/3").split(",")) == 20
    service.process.terminate()
    assert all(line.startswith("{") for line in service.end()[1].splitlines())
