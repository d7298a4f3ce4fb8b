"""Signs of life of a process that moves data: what it reads, and what its peers take and send.

Asked of the kernel, so that they hold for any storage and any client of it. Linux only.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

COUNTERS = struct.Struct("<120xQQ")
"""In Linux's `struct tcp_info`: tcpi_bytes_acked and tcpi_bytes_received."""
WORK = 1 << 20
"""Bytes read that are more than what a client reads aside while it tries again: /etc/hosts, say."""


class Life:
    """What one process has moved, look by look."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.read = 0
        self.sent = 0
        """The most that all peers had taken, since one of them sent something. One that takes all
        that it is sent again and again, and answers nothing, moves nothing."""
        self.received: dict[str, int] = {}

    def moved(self) -> bool:
        """Whether anything moved since the last look that found so."""
        read = read_by(self.pid)
        streams = dict(streams_of_this()) if self.pid == os.getpid() else {}
        received = {name: got for name, (_, got) in streams.items()}
        sent = sum(taken for taken, _ in streams.values())
        heard = any(got > self.received.get(name, 0) for name, got in received.items())
        self.received = received
        if heard or sent > self.sent:
            self.read, self.sent = read, sent
            return True
        if read - self.read >= WORK:
            self.read = read
            return True
        return False


def read_by(pid: int) -> int:
    """The bytes that a process has read from files, pipes and the like; 0 when it is gone.

    Of this process without what the calling thread read, which looks at it."""
    with suppress(OSError):
        own = int(_of("/proc/thread-self/io")) if pid == os.getpid() else 0
        return int(_of(f"/proc/{pid}/io")) - own
    return 0


def _of(path: str) -> str:
    return dict(line.split(": ") for line in Path(path).read_text().splitlines())["rchar"]


def streams_of_this() -> Iterator[tuple[str, tuple[int, int]]]:
    """socket → bytes that its peer has taken, and sent, of each TCP connection of this process."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile, or is no connection
            name = str(entry.readlink())
            if name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(entry.name))) as found:
                    told = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, COUNTERS.size)
                yield name, COUNTERS.unpack(told.ljust(COUNTERS.size, b"\0"))
