"""A server on a thread, with an application that waits, hurries or fails as it is asked to."""

import contextlib
import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from infra.processes import free_port
from serve.http.limits import Limits
from serve.http.request import HURRIED
from serve.http.server import Server, bound

LIMITS = Limits(
    connections=50,
    in_flight=100,
    queue=200,
    wait_seconds=30.0,
    spared=frozenset({"/healthz"}),
    aside=("/aside/",),
)
HALF = b"GET /half HTTP/1.1\r\nHost: x\r\nX-A: "
SECONDS = 30.0
LARGE = b"a" * 4_000_000


def ask(path: str, more: str = "") -> bytes:
    """A request for `path`; `more` are further lines of its head."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


ASK = ask("/ok")


class Running:
    """A server, what it refused, and what it asked the application."""

    def __init__(self, limits: Limits) -> None:
        self.refused: Counter[str] = Counter()
        self.paths: list[str] = []
        self.most_open = 0
        self.gate = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)
        self.port = free_port()
        listener = bound("X_", "127.0.0.1", self.port)
        self.server = Server(self.answer, listener, limits, lambda why: self.refused.update([why]))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.paths.append(path)
        self.most_open = max(self.most_open, len(self.server.open))
        if path in ("/wait", "/aside/wait"):  # at the first nobody else is answered meanwhile
            self.asked.release()
            assert self.gate.acquire(timeout=SECONDS)
        body = {"/echo": environ["wsgi.input"].read(), "/large": LARGE}.get(path, b"ok")
        body = b"hurried" if environ[HURRIED] else body
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def connect(self, data: bytes = b"") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        client.sendall(data)
        return client

    def connected(self, n: int) -> list[socket.socket]:
        """Connections that the server has taken."""
        before = len(self.server.open)
        clients = [self.connect() for _ in range(n)]
        self.until(lambda: len(self.server.open) == before + n)
        return clients

    def get(self, path: str = "/ok") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The server is busy with one answer: what is sent meanwhile, it reads afterwards."""
        with self.connect(ask("/wait")) as client:
            assert self.asked.acquire(timeout=SECONDS)
            yield
            self.gate.release()
            assert one(client).endswith(b"ok")

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
        server.gate.release(100)
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


def some(client: socket.socket) -> bytes:
    """What comes next, which is not the end."""
    piece = client.recv(65_536)
    assert piece
    return piece


def one(client: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += some(client)
    size = int(got.partition(b"Content-Length: ")[2].split()[0])
    while len(got.partition(b"\r\n\r\n")[2]) < size:
        got += some(client)
    return got


def status(answer: bytes) -> int:
    """Of the first answer in some bytes."""
    return int(answer.split(b" ", 2)[1])
