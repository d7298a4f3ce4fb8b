"""A generator of HTTP load: one thread, kept connections, no retries, answers read to their end.

`closed` asks again as soon as it is answered and finds the peak. `opened` asks at a rate whatever
becomes of the answers, as people do, and its times count from when a request was due.
"""

import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

AGENT = b"Host: site\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
MORE = 400
"""Connections that an open load may use."""
PROBE_SECONDS = 0.05
LAST_SECONDS = 5.0


@dataclass
class Outcome:
    """What came of a load."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    """Seconds of each 200, sorted."""
    probes: list[float] = field(default_factory=list)
    """Seconds of each 200 of /healthz, sorted."""
    unanswered: int = 0

    @property
    def good(self) -> float:
        """Answers a second."""
        return self.statuses[200] / self.seconds

    def ms(self, share: float) -> float:
        """Milliseconds within which that share was answered."""
        return quantile(self.took, share) * 1e3


def quantile(values: list[float], share: float) -> float:
    """Of sorted values.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([1.0, 2.0], 1.0)
    (3.0, 2.0)
    """
    return values[min(len(values) - 1, int(share * len(values)))]


class Load:
    """Connections to one port and what is under way on them."""

    def __init__(self, port: int, asks: Iterator[bytes]) -> None:
        self.port, self.asks = port, asks
        self.poll = select.epoll()
        self.clients: dict[int, socket.socket] = {}
        self.due: dict[int, float] = {}
        self.got: dict[int, bytes] = {}
        self.free: list[int] = []
        self.outcome = Outcome(0.0)
        self.probe = self.connect()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self.poll.close()
        for client in self.clients.values():
            client.close()

    def connect(self) -> int:
        """One connection more."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = client.fileno()
        self.clients[number] = client
        self.poll.register(number, select.EPOLLIN)
        return number

    def ask(self, number: int, due: float) -> None:
        """Send a request that was due then."""
        self.due[number] = due
        data = b"/healthz" if number == self.probe else next(self.asks)
        self.clients[number].send(b"GET " + data + b" HTTP/1.1\r\n" + AGENT)

    def answered(self, timeout: float) -> Iterator[int]:
        """Connections whose answers have come whole."""
        for number, _ in self.poll.poll(timeout):
            data = self.clients[number].recv(65_536)
            if not data:
                raise ConnectionError("the server closed a connection that it should keep")
            data = self.got.pop(number, b"") + data
            head, end, body = data.partition(b"\r\n\r\n")
            size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if not end or len(body) < int(size):
                self.got[number] = data
                continue
            took = time.perf_counter() - self.due.pop(number)
            if number == self.probe:
                self.outcome.probes += [took] if head[9:12] == b"200" else []
                continue
            self.outcome.statuses[int(head[9:12])] += 1
            if head[9:12] == b"200":
                self.outcome.took.append(took)
            yield number

    def end(self, began: float) -> Outcome:
        """Read what is under way."""
        self.outcome.seconds = time.perf_counter() - began
        last = time.perf_counter() + LAST_SECONDS
        while self.due and time.perf_counter() < last:
            for _ in self.answered(0.1):
                pass
        self.outcome.unanswered = len(self.due)
        self.outcome.took.sort()
        self.outcome.probes.sort()
        return self.outcome


def closed(port: int, asks: Iterator[bytes], connections: int, seconds: float) -> Outcome:
    """As many requests as there are connections, always."""
    with Load(port, asks) as load:
        began = now = time.perf_counter()
        for _ in range(connections):
            load.ask(load.connect(), now)
        while now - began < seconds:
            for number in load.answered(0.1):
                load.ask(number, time.perf_counter())
            now = time.perf_counter()
        return load.end(began)


def opened(port: int, asks: Iterator[bytes], rate: float, seconds: float) -> Outcome:
    """`rate` requests a second, and a probe on a connection of its own every PROBE_SECONDS. One
    that finds no free connection waits for it, and that counts."""
    with Load(port, asks) as load:
        began = now = time.perf_counter()
        probed, sent = 0, 0
        while now - began < seconds:
            if load.probe not in load.due and now - began >= probed * PROBE_SECONDS:
                probed = int((now - began) / PROBE_SECONDS) + 1
                load.ask(load.probe, now)
            due = int((now - began) * rate)
            while sent < due and (load.free or len(load.clients) < MORE):
                number = load.free.pop() if load.free else load.connect()
                load.ask(number, began + sent / rate)
                sent += 1
            load.free.extend(load.answered(0.0 if sent < due else 1 / rate))
            now = time.perf_counter()
        return load.end(began)
