"""Answers on a socket until it is stopped: one thread, one request after the other.

Reading is asyncio's and llhttp's, so a slow client costs a few bytes of memory. Whole requests wait
in one queue, in the order in which they came; how many wait there decides what a new one gets: its
answer, a hurried one, or at once a refusal, which costs a tenth of an answer. Only what waits for
somebody else is answered on threads of its own.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from movierec.errors import Unavailable
from serve.http.answer import OVERLOADED, Application, respond
from serve.http.aside import Aside
from serve.http.connection import LINGER_SECONDS, READ_BYTES, Connection
from serve.http.limits import Limits, connections_within_files
from serve.http.request import Request
from serve.http.turns import Turns

log = logging.getLogger("serve.http")

BACKLOG = 2048
ACCEPTS = 64
"""Connections taken at a time, before others are read again."""
SLICE_SECONDS = 0.002
"""Answering goes on for so long before what has come meanwhile is read."""
STOP_SECONDS = 20.0
SWEEP_SECONDS = 1.0
STOPPING_SECONDS = 0.02
"""How often a stopping server looks whether all have gone."""


class Server:
    """Answers until `stop`; `refused` hears why a request or a connection was refused, and `beat`,
    every second, that the loop goes round."""

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        limits: Limits,
        refused: Callable[[str], None] = lambda reason: None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.application, self.limits, self.refused = application, limits, refused
        self._beat = beat
        self.most = connections_within_files(limits.connections)
        self.stopping = self.accepting = False
        self.open: set[Connection] = set()
        self.turns: Turns[Connection] = Turns()
        self.buffer = memoryview(bytearray(READ_BYTES))
        self._queue: deque[tuple[Connection, Request]] = deque()
        self._first: deque[tuple[Connection, Request]] = deque()
        self._aside = Aside()
        self._working = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener, self._port = listener, str(listener.getsockname()[1])
        listener.setblocking(False)
        listener.listen(BACKLOG)

    def run(self) -> None:
        """Answer until `stop`, on this thread."""
        try:
            asyncio.run(self._run())
        finally:
            self._aside.close()

    def stop(self) -> None:
        """Answer what has been asked, then end `run`. From any thread, and in a signal handler."""
        self.stopping = True
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._stopped.set)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._loop = loop
        self._sweep()
        if not self.stopping:
            await self._stopped.wait()
        self._accept()  # who has connected does not know that we stop
        self._accept_or_not(False)
        self._listener.close()
        began = loop.time()
        while self.open and loop.time() - began < STOP_SECONDS:
            if loop.time() - began > LINGER_SECONDS:
                for connection in self.turns:
                    if not connection.closing:
                        connection.end()
            await asyncio.sleep(STOPPING_SECONDS)
        self._loop = None
        for connection in list(self.open):
            connection.cut_off()

    def _accept(self) -> None:
        """Take those who came; at the limit, the one that has kept us waiting longest goes."""
        for _ in range(BACKLOG if self.stopping else ACCEPTS):
            full, longest = len(self.open) >= self.most, self.turns.longest()
            if full and longest is None:
                self._accept_or_not(False)
                return
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no files, no memory: others may end meanwhile
                self._accept_or_not(False)
                return
            if full and longest is not None:
                self._cut_off(longest, "crowd")
            self._take_in(client)

    def _take_in(self, client: socket.socket) -> None:
        client.setblocking(False)
        connection = Connection(self)
        self.open.add(connection)
        self.turns.wait(connection, self.limits.request_seconds)
        loop = asyncio.get_running_loop()
        made = loop.connect_accepted_socket(lambda: connection, client)
        connection.arrival = loop.create_task(made)

    def _accept_or_not(self, wanted: bool) -> None:
        """Take connections: not when at the limit all of them are at work."""
        if wanted == self.accepting or self._listener.fileno() < 0:
            return
        self.accepting = wanted
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_reader(self._listener, self._accept)
        else:
            loop.remove_reader(self._listener)

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self.turns.leave(connection)
        self.open.discard(connection)

    def _cut_off(self, connection: Connection, reason: str) -> None:
        if not connection.closing:  # else it was we who ended it
            self.refused(reason)
        connection.cut_off()
        self.forget(connection)

    def _sweep(self) -> None:
        """Every second: end the connections whose time is up."""
        asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)  # whatever happens
        self._beat()
        for connection in self.turns.late():
            self._cut_off(connection, "slow")
        self._accept_or_not(True)

    def take(self, connection: Connection, request: Request) -> None:
        """A whole request: to the queue, or refused when that is full."""
        if request.path in self.limits.spared:
            queue = self._first
        elif len(self._queue) < self.limits.queue:
            queue = self._queue
            request.hurried = len(queue) >= self.limits.in_flight
        else:
            connection.answer(*self._refusal(request))
            return
        request.asked = time.monotonic()
        self.turns.leave(connection)
        connection.asking = request
        queue.append((connection, request))
        if not self._working:
            self._working = True
            asyncio.get_running_loop().call_soon(self._work)

    def _refusal(self, request: Request) -> tuple[bytes, bool]:
        self.refused("overload")
        close = self.stopping or not request.keep_alive
        return OVERLOADED[close, request.method == "HEAD"], close

    def _work(self) -> None:
        """Answer for a while, those first that are spared waiting."""
        until = time.monotonic() + SLICE_SECONDS
        while (queue := self._first or self._queue) and time.monotonic() < until:
            connection, request = queue.popleft()
            with self._alone(connection):
                self._answer(connection, request)
        self._working = bool(queue)
        if self._working:  # a timer has its turn behind what has come meanwhile
            asyncio.get_running_loop().call_later(0, self._work)
        self._accept_or_not(True)

    def _answer(self, connection: Connection, request: Request) -> None:
        if connection.transport.is_closing():  # nobody waits for it
            return
        waited = time.monotonic() - request.asked
        if waited > self.limits.wait_seconds and request.path not in self.limits.spared:
            connection.answered(*self._refusal(request))
            return
        close = self.stopping or not request.keep_alive
        make = partial(respond, self.application, request, self._port, close)
        if not request.path.startswith(self.limits.aside):
            connection.answered(make(), close)
        elif self._aside.full:
            connection.answered(*self._refusal(request))
        else:
            self._aside.answer(make, partial(self._made, connection, close))

    def _made(self, connection: Connection, close: bool, data: bytes) -> None:
        """An answer that was made aside."""
        with self._alone(connection):
            if not connection.transport.is_closing():
                connection.answered(data, close)

    @contextlib.contextmanager
    def _alone(self, connection: Connection) -> Iterator[None]:
        """What fails here ends this connection, and not the answers to all others."""
        try:
            yield
        except Exception:
            log.exception("connection failed")
            connection.cut_off()
            self.forget(connection)


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
