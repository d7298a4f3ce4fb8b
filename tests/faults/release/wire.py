"""The way to a server, that can be slow, and can end, or fall silent, in the middle of what is
said."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 4096


class Wire:
    """Listens on a port of loopback and hands on to another, both ways, until it is cut."""

    def __init__(self, to: int, bytes_per_second: float, cut_after: int | None) -> None:
        self.to = to
        self.rate = bytes_per_second
        self.left = cut_after
        """Bytes of the client's that go through still; None for all."""
        self.silent = False
        """Whether connections stay where they would be cut, and what comes by them goes nowhere."""
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.carried = 0
        """Bytes that the clients sent."""

    def serve(self) -> None:
        """Take connections until the listener is shut down."""
        threads = []
        with self.listener, suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threads.append(threading.Thread(target=self._join, args=(client,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def _join(self, client: socket.socket) -> None:
        """Carry both ways until one end has had enough."""
        with client, socket.create_connection(("127.0.0.1", self.to)) as server:
            back = threading.Thread(target=self._carry, args=(server, client, False))
            back.start()
            self._carry(client, server, True)
            back.join()

    def _carry(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if counts and not self._may_pass(len(piece)):
                    if not self.silent:
                        break
                    continue
                time.sleep(len(piece) / self.rate)
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _may_pass(self, size: int) -> bool:
        with self.lock:
            self.carried += size
            if self.left is None:
                return True
            self.left -= size
            return self.left >= 0


@contextmanager
def wire(to: int, bytes_per_second: float = 1e12, cut_after: int | None = None) -> Iterator[Wire]:
    """A way to a port while the block runs."""
    made = Wire(to, bytes_per_second, cut_after)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.listener.shutdown(socket.SHUT_RDWR)
        thread.join()
