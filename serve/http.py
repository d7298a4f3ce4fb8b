"""An HTTP server that no client can stop: the service's, and the collector's for its metrics.

waitress reads requests on one thread and hands a whole one to a pool, so a half-sent request
occupies no thread. What it lacks is added here: a deadline for each request and for each silence
between two, however the bytes drip; room for a newcomer at the connection limit, made by the one
that has kept us waiting longest; and a bounded queue, over which requests are refused at once.
"""

import logging
import resource
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from movierec.errors import Unavailable

log = logging.getLogger("serve.http")
# It warns at every request that waits for a thread; ours are counted.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

FILES_LEFT = 128
"""File descriptors that connections leave to the work: brokers, segments, models."""
HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
LINGER_SECONDS = 2.0
"""How long a stopping server answers on connections that are open."""
STOP_SECONDS = 20.0
RETRY_SECONDS = 1
REASONS = {408: "Request Timeout", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Limits:
    """What a server grants its clients, all of them together and each."""

    threads: int
    connections: int
    queue: int
    """Requests that may wait for a thread."""
    wait_seconds: float
    """How long one may have waited and is answered still."""
    request_seconds: float = 10.0
    """From a request's first byte to its last."""
    idle_seconds: float = 30.0
    """Between two requests of a connection; also to take an answer."""
    spared: frozenset[str] = frozenset()
    """Paths that are answered however many wait: a probe must not end what is merely busy."""


class Refusal:
    """An answer that the application never sees, in waitress's form of an error."""

    def __init__(self, status: int, line: str) -> None:
        self.status, self.line = status, line

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body."""
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        headers += [("Retry-After", str(RETRY_SECONDS))] if self.status == 503 else []
        return f"{self.status} {REASONS[self.status]}", headers, self.line.encode()


OVERLOADED = Refusal(503, "overloaded: try again in a second")


class OneLine(ErrorTask):  # type: ignore[misc]
    """An error as one line of text; what was no request ends its connection."""

    def execute(self) -> None:
        """Answer; only a refusal of ours leaves the connection open."""
        error = self.request.error
        if isinstance(error, Refusal):
            self.status, headers, body = error.to_response()
        else:
            self.status = f"{error.code} {error.reason}"
            headers = [("Content-Type", "text/plain; charset=utf-8")]
            body = " ".join(f"{error.reason}: {error.body}".split()).encode("utf-8", "replace")
            self.set_close_on_finish()
        self.response_headers.extend(headers)
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection with a deadline."""

    error_task_class = OneLine

    def __init__(self, server: "Server", *arguments: Any, **more: Any) -> None:
        self.deadline = time.monotonic() + server.limits.request_seconds
        self.asked = 0.0  # when the request that waits first was complete
        self._begun = False
        super().__init__(server, *arguments, **more)

    def received(self, data: bytes) -> bool:
        """Bytes of a request. They move the deadline when they are its first, and then no more."""
        if not self._begun:
            self._begun = True
            self.deadline = time.monotonic() + self.server.limits.request_seconds
        return bool(super().received(data))

    def service(self) -> None:
        """Answer one request, on a thread of the pool."""
        request = self.requests[0]
        limits = self.server.limits
        if self.server.stopping:
            request.headers["CONNECTION"] = "close"
        late = time.monotonic() - self.asked > limits.wait_seconds
        if late and not request.error and request.path not in limits.spared:
            self.server.refused("overload")
            request.error = OVERLOADED
        super().service()
        self.asked = time.monotonic()
        self.deadline = self.asked + limits.idle_seconds
        self._begun = False

    @property
    def keeps_us_waiting(self) -> bool:
        """Whether it is the client's turn: to ask, to go on asking, or to take its answer."""
        return not self.requests and not self.will_close

    def refuse(self) -> None:
        """Answer the request that has just been read at once, without a thread of the pool."""
        request = self.requests.pop()
        request.error = OVERLOADED
        task = OneLine(self, request)
        task.service()
        request.close()
        self.close_when_flushed = task.close_on_finish
        self.deadline = time.monotonic() + self.server.limits.idle_seconds
        self._begun = False


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Answers until `stop`; `refused` hears why a request or a connection was refused."""

    channel_class = Channel

    def __init__(
        self,
        application: Any,
        listener: socket.socket,
        limits: Limits,
        refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.limits, self.refused = limits, refused
        self.stopping = False
        self.most = connections_within_files(limits.connections)
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(limits.threads)
        settings = Adjustments(
            sockets=[listener],
            connection_limit=10 * self.most,  # at ours there is room made instead
            cleanup_interval=1,
            log_socket_errors=False,
            max_request_header_size=HEAD_BYTES,
            max_request_body_size=BODY_BYTES,
            ident=None,
        )
        where = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            application, {}, True, listener, dispatcher, settings, where, bind_socket=False
        )

    def stop(self) -> None:
        """Answer what has been asked, then end `run`. Safe in a signal handler."""
        if not self.stopping:
            self.stopping = True
            self.pull_trigger()

    def run(self) -> None:
        """Answer until `stop`, on this thread and those of the pool."""
        while not self.stopping:
            wasyncore.poll2(1.0, self._map)
        wasyncore.dispatcher.close(self)  # the listener alone
        began = time.monotonic()
        while self.active_channels and time.monotonic() - began < STOP_SECONDS:
            if time.monotonic() - began > LINGER_SECONDS:
                self._close(self._waiting())
            wasyncore.poll2(0.05, self._map)
        self.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)

    def handle_accept(self) -> None:
        """Take a connection; at the limit, the one that has kept us waiting longest goes."""
        if len(self.active_channels) >= self.most:
            longest = min(self._waiting(), key=lambda channel: channel.deadline, default=None)
            if longest is not None:
                self.refused("crowd")
                self._close([longest])
        super().handle_accept()

    def readable(self) -> bool:
        """Whether to take connections: not when at the limit all of them are at work."""
        open_now = bool(super().readable())
        return open_now and (len(self.active_channels) < self.most or any(self._waiting()))

    def add_task(self, channel: Channel) -> None:
        """A whole request: to the queue, or refused when it is full."""
        alone = len(channel.requests) == 1  # answers keep the order of requests
        channel.asked = time.monotonic()
        full = len(self.task_dispatcher.queue) >= self.limits.queue
        if full and alone and channel.requests[0].path not in self.limits.spared:
            self.refused("overload")
            channel.refuse()
        else:
            super().add_task(channel)

    def maintenance(self, now: float) -> None:
        """Every second: end the connections whose time is up."""
        late = [c for c in self._waiting() if c.deadline < time.monotonic()]
        for _ in late:
            self.refused("slow")
        self._close(late)

    def _waiting(self) -> list[Channel]:
        return [c for c in list(self.active_channels.values()) if c.keeps_us_waiting]

    def _close(self, channels: Iterable[Channel]) -> None:
        for channel in channels:
            channel.will_close = True


def connections_within_files(wanted: int) -> int:
    """`wanted`, or fewer where the limit of open files would leave too few for the work."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return wanted
    most = max(4, min(wanted, files - FILES_LEFT))
    if most < wanted:
        log.warning("few files", extra={"files": files, "connections": most, "wanted": wanted})
    return most


def bound(prefix: str, host: str, port: int) -> socket.socket:
    """A socket at `host`:`port`, closed to everybody until a Server has it.

    Raises Unavailable, naming the settings <prefix>HOST and <prefix>PORT, when that fails.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"cannot listen on {prefix}HOST {host} {prefix}PORT {port} ({error.strerror}): "
            f"stop what listens there, or set another {prefix}PORT"
        ) from None
    return listener
