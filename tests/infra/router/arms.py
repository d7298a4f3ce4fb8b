"""A stand-in for the services of one arm: it says who it is and what it was asked."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.processes import free_port

STATUS = {"busy": "503 Service Unavailable", "no": "400 Bad Request"}


@dataclass
class Arm:
    """An HTTP server of one arm. `answers` may be changed at any time:

    "well" names itself · "busy" sheds (503) · "no" refuses (400) · "never" keeps the caller
    waiting until `let_go` · "broken" closes without an answer.
    """

    name: str
    port: int = field(default_factory=free_port)
    answers: str = "well"
    headers: tuple[str, ...] = ()
    asked: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._go = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._server = self._run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        )

    def stop(self) -> None:
        """Listen no more: connections are refused."""
        if self._server is not None:
            self._run(self._close(self._server))
            self._server = None

    def let_go(self) -> None:
        """Answer all who were kept waiting, and who will be."""
        self._loop.call_soon_threadsafe(self._go.set)

    def end(self) -> None:
        """Stop for good."""
        self.let_go()
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {key.lower(): value for key, _, value in (x.partition(": ") for x in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked += 1
            if self.answers == "never":
                await self._go.wait()
            if self.answers != "broken":
                writer.write(self._answer(first, headers, body))
                await writer.drain()
        writer.close()

    def _answer(self, first: str, headers: dict[str, str], body: bytes) -> bytes:
        method, target, _ = first.split(" ", 2)
        told = {"arm": self.name, "method": method, "target": target, "headers": headers}
        text = json.dumps({**told, "body": body.decode("latin-1")}).encode()
        status = STATUS.get(self.answers, "200 OK")
        lines = [f"HTTP/1.1 {status}", f"X-Model: {self.name}@test", "Connection: close"]
        lines += [*self.headers, f"Content-Length: {len(text)}", "", ""]
        return "\r\n".join(lines).encode() + (b"" if method == "HEAD" else text)


@contextlib.contextmanager
def arms(*names: str) -> Iterator[dict[str, Arm]]:
    """Stand-ins that listen, by name."""
    made = {name: Arm(name) for name in names}
    try:
        for arm in made.values():
            arm.start()
        yield made
    finally:
        for arm in made.values():
            arm.end()
