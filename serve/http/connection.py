"""One connection: what it asks, one after the other, and whose turn it is."""

import asyncio
from typing import Any, Protocol, cast

from serve.http.answer import CONTINUE, refusal
from serve.http.limits import Limits
from serve.http.request import Reader, Refusal, Request
from serve.http.turns import Turns, Waiter

READ_BYTES = 16 * 1024
AHEAD = 8
"""Whole requests of one connection that may lie here before no more is read of it."""
LINGER_SECONDS = 2.0
"""How long an ended connection is read, and a stopping server answers on open ones."""


class House(Protocol):
    """Who has connections."""

    limits: Limits
    turns: "Turns[Connection]"
    buffer: memoryview
    """Where all connections read into, one at a time: it is parsed before the next one reads."""

    def take(self, connection: "Connection", request: Request) -> None:
        """Answer a request now or later, by `answered`, or refuse it now, by `answer`."""

    def forget(self, connection: "Connection") -> None:
        """It is gone."""


class NotYet(asyncio.Transport):
    """Of a connection that has been accepted, for a turn of the loop."""

    def abort(self) -> None:
        """It will be, as soon as there is one."""


class Connection(Waiter, asyncio.BufferedProtocol):
    """Bytes come and go by asyncio; the house says what becomes of a whole request."""

    arrival: asyncio.Task[Any]
    """It waits for its transport, and is held here until then."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.transport: asyncio.Transport = NotYet()
        self.reader = Reader()
        self.asking: Request | None = None
        """The request whose answer is being made or waited for."""
        self.closing = self.gone = False
        self._eof = self._full = self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has arrived, unless meanwhile its place was given to another."""
        self.transport = cast(asyncio.Transport, transport)
        if self.gone:
            self.transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read into."""
        return self.house.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes of requests; a request's first move the deadline, and no others."""
        reader, begun = self.reader, self.reader.begun
        if reader.feed(self.house.buffer[:nbytes]) and not self.asking:
            if not begun:
                self.house.turns.wait(self, self.house.limits.request_seconds)
            self._encourage()
        if reader.whole:
            self._go_on()

    def _encourage(self) -> None:
        """Tell who asks so to send a body, when all that came before is answered."""
        reader = self.reader
        if reader.begun and reader.expects and not reader.whole:
            reader.expects = False
            self.transport.write(CONTINUE)

    def _go_on(self) -> None:
        """Ask what lies here, as far as it is its turn."""
        whole = self.reader.whole
        while whole and not (self.asking or self._full or self.closing):
            first = whole.popleft()
            if isinstance(first, Refusal):
                self.answer(refusal(first.status, first.line, close=True), close=True)
            else:
                self.house.take(self, first)
        self._read_on(len(whole) < AHEAD)

    def _read_on(self, wanted: bool) -> None:
        if wanted == self._paused and not self._eof and not self.transport.is_closing():
            self._paused = not wanted
            (self.transport.resume_reading if wanted else self.transport.pause_reading)()

    def answered(self, data: bytes, close: bool) -> None:
        """The answer to `asking` goes out, and what was asked after it has its turn."""
        self.asking = None
        self.answer(data, close)
        self._go_on()

    def answer(self, data: bytes, close: bool) -> None:
        """Write; then it is the client's turn, or the end."""
        limits = self.house.limits
        self.transport.write(data)
        if close:
            self.end()
        elif self._eof and not self.reader.whole:
            self.transport.close()
        else:
            begun = self.reader.begun
            self.house.turns.wait(self, limits.request_seconds if begun else limits.idle_seconds)
            self._encourage()

    def end(self) -> None:
        """Close politely: all is sent, and what the client was still sending is read, or it would
        be told of an error and might lose the answer."""
        self.reader.ended = self.closing = True
        self.reader.whole.clear()
        if self._eof or self.transport.is_closing():
            self.transport.close()
            return
        try:
            self.transport.write_eof()
        except OSError:  # the client closed meanwhile, and the system has heard of it
            self.transport.abort()
            return
        self._read_on(True)
        self.house.turns.wait(self, LINGER_SECONDS)

    def cut_off(self) -> None:
        """Close without a word."""
        self.gone = True
        self.transport.abort()

    def eof_received(self) -> bool:
        """The client asks nothing more; it may still read."""
        self._eof = True
        return bool(self.asking or self.reader.whole)

    def pause_writing(self) -> None:
        """The client does not take its answers: no more of them are made."""
        self._full = True

    def resume_writing(self) -> None:
        """It took them."""
        self._full = False
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever it asked, nobody waits for the answer."""
        self.gone = True
        self.house.forget(self)
