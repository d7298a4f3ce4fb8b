"""The server against clients that are slow, silent, many and wrong: others get their answers."""

import contextlib
import http.client
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from infra.processes import free_port
from movierec.errors import Unavailable
from serve.http import BODY_BYTES, HEAD_BYTES, Limits, Server, bound, connections_within_files

LIMITS = Limits(
    threads=2, connections=50, queue=100, wait_seconds=30.0, spared=frozenset({"/healthz"})
)
HALF = b"GET /half HTTP/1.1\r\nHost: x\r\nX-A: "
ASK = b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
SECONDS = 30.0


class Running:
    """A server on a thread, and what it refused."""

    def __init__(self, limits: Limits) -> None:
        self.refused: Counter[str] = Counter()
        self.gate = threading.Event()
        self.asked = threading.Semaphore(0)
        self.port = free_port()
        listener = bound("X_", "127.0.0.1", self.port)
        self.server = Server(self.answer, listener, limits, lambda why: self.refused.update([why]))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/wait":
            self.asked.release()
            assert self.gate.wait(SECONDS)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    def connect(self, data: bytes = b"") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        client.sendall(data)
        return client

    def get(self, path: str = "/ok") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@contextlib.contextmanager
def running(limits: Limits = LIMITS) -> Iterator[Running]:
    server = Running(limits)
    try:
        yield server
    finally:
        server.gate.set()
        server.server.stop()
        server.thread.join(SECONDS)
        assert not server.thread.is_alive()


def received(client: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def one(client: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += client.recv(65_536)
    size = int(got.partition(b"Content-Length: ")[2].split()[0])
    while len(got.partition(b"\r\n\r\n")[2]) < size:
        got += client.recv(65_536)
    return got


@pytest.mark.parametrize(
    "sent",
    [
        HALF,
        b"",
        b"\r\n",
        b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        b"POST /ok HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ASK,
    ],
    ids=["half a header", "nothing", "an empty line", "half a body", "half a chunk", "idle"],
)
def test_others_are_answered_beside_four_times_as_many_as_the_limit(sent: bytes) -> None:
    with running() as server, contextlib.ExitStack() as stack:
        for _ in range(4 * LIMITS.connections):
            stack.enter_context(contextlib.closing(server.connect(sent)))
        began = time.monotonic()
        assert [server.get() for _ in range(5)] == [(200, b"ok")] * 5
        assert time.monotonic() - began < SECONDS / 2
        server.until(lambda: len(server.server.active_channels) <= LIMITS.connections + 1)
        assert server.refused["crowd"] >= 3 * LIMITS.connections


def test_a_request_that_drips_ends_at_its_deadline_and_not_at_its_last_byte() -> None:
    with running(replace(LIMITS, request_seconds=1.0)) as server:
        client = server.connect(HALF)
        client.settimeout(0.05)
        began = time.monotonic()
        closed = False
        while not closed:
            assert time.monotonic() - began < SECONDS
            try:
                client.sendall(b"a")
                closed = client.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        client.close()
        assert server.refused["slow"] == 1


def test_a_connection_that_asks_nothing_more_ends_when_its_idle_time_is_over() -> None:
    with running(replace(LIMITS, idle_seconds=0.5)) as server:
        with server.connect(ASK) as client:
            assert received(client).endswith(b"\r\n\r\nok")
        assert server.refused["slow"] == 1


def test_a_connection_answers_one_request_after_the_other() -> None:
    with running() as server, server.connect(ASK * 3) as client:
        got = b""
        while got.count(b"ok") < 3:
            got += client.recv(65_536)
        client.sendall(ASK)
        assert one(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * HEAD_BYTES, 431),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1), 413),
        (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400),
        (b"\0\r\n\r\n", 400),
    ],
    ids=["long URL", "endless headers", "big body", "no header", "no request"],
)
def test_what_is_too_big_or_no_request_is_refused_in_one_line(sent: bytes, status: int) -> None:
    with running() as server, server.connect() as client:
        with contextlib.suppress(OSError):
            client.sendall(sent)
        head, _, body = received(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.") and head.split()[1] == b"%d" % status
        assert body and b"\n" not in body
        assert server.get() == (200, b"ok")


def test_over_the_queue_requests_are_refused_at_once_and_probes_are_not() -> None:
    limits = replace(LIMITS, threads=1, queue=1)
    with running(limits) as server, contextlib.ExitStack() as stack:
        busy = [stack.enter_context(server.connect(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"))]
        assert server.asked.acquire(timeout=SECONDS)
        busy.append(stack.enter_context(server.connect(ASK)))
        server.until(lambda: len(server.server.task_dispatcher.queue) == 1)
        third = stack.enter_context(server.connect(ASK))
        refusal = one(third)
        assert refusal.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 1\r\n" in refusal
        assert refusal.endswith(b"\r\n\r\noverloaded: try again in a second")
        assert server.refused == {"overload": 1}
        probe = stack.enter_context(server.connect(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
        server.until(lambda: len(server.server.task_dispatcher.queue) == 2)
        server.gate.set()
        for client in (*busy, probe):
            assert one(client).startswith(b"HTTP/1.1 200")
        third.sendall(ASK)  # the connection goes on
        assert one(third).startswith(b"HTTP/1.1 200")


def test_at_the_limit_a_newcomer_waits_while_all_connections_are_at_work() -> None:
    limits = replace(LIMITS, threads=4, connections=4)
    with running(limits) as server, contextlib.ExitStack() as stack:
        wait = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
        busy = [stack.enter_context(server.connect(wait)) for _ in range(4)]
        for _ in busy:
            assert server.asked.acquire(timeout=SECONDS)
        assert not server.server.readable()
        late = stack.enter_context(server.connect(ASK))
        server.gate.set()
        for client in (*busy, late):
            assert one(client).startswith(b"HTTP/1.1 200")
        assert not server.refused["overload"]


def test_a_request_that_waited_too_long_is_refused_and_not_answered_late() -> None:
    limits = replace(LIMITS, threads=1, wait_seconds=0.2)
    with running(limits) as server, contextlib.ExitStack() as stack:
        first = stack.enter_context(server.connect(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"))
        assert server.asked.acquire(timeout=SECONDS)
        late = stack.enter_context(server.connect(ASK))
        server.until(lambda: len(server.server.task_dispatcher.queue) == 1)
        time.sleep(0.3)
        server.gate.set()
        assert one(first).startswith(b"HTTP/1.1 200")
        assert one(late).startswith(b"HTTP/1.1 503")


def test_it_stops_when_what_was_asked_is_answered() -> None:
    with running() as server, server.connect(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert server.asked.acquire(timeout=SECONDS)
        idle = server.connect()
        server.until(lambda: len(server.server.active_channels) == 2)
        server.server.stop()
        server.until(lambda: not server.server.accepting)
        idle.sendall(ASK)  # sent before it could know
        assert b"Connection: close" in received(idle)
        server.gate.set()
        assert one(client).endswith(b"ok")
        idle.close()


@pytest.mark.parametrize(("files", "most"), [(1024, 300), (256, 128), (20, 4), (-1, 300)])
def test_connections_leave_files_to_the_work(files: int, most: int) -> None:
    with mock.patch.object(resource, "getrlimit", return_value=(files, files)):
        assert connections_within_files(300) == most


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_port_that_is_taken_is_named_with_what_to_do(family: int, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        listener.listen()
        with pytest.raises(Unavailable) as refusal:
            bound("SERVICE_", host, port)
        assert str(refusal.value) == (
            f"cannot listen on SERVICE_HOST {host} SERVICE_PORT {port} (Address already in use): "
            "stop what listens there, or set another SERVICE_PORT"
        )
    bound("SERVICE_", host, port).close()


def test_a_port_whose_last_connections_linger_is_free() -> None:
    """They do for a minute after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            server.close()  # who closes first waits
            assert client.recv(1) == b""
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
    bound("SERVICE_", "127.0.0.1", port).close()


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(Unavailable, match=r"SERVICE_HOST 192\.0\.2\.1 SERVICE_PORT 1234"):
        bound("SERVICE_", "192.0.2.1", 1234)
    with pytest.raises(Unavailable, match=r"SERVICE_HOST no-such-host\.invalid"):
        bound("SERVICE_", "no-such-host.invalid", 1234)
