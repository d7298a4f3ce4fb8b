"""Whose turn it is: the connections that keep us waiting, in the order in which they began to."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Generic, TypeVar


class Waiter:
    """Who may keep us waiting."""

    since = 0.0
    line: OrderedDict[Any, None] | None = None
    """Among whom it waits; None when it is our turn."""


W = TypeVar("W", bound=Waiter)


class Turns(Generic[W]):
    """A line for each length of a wait, so that each is in the order of deadlines as well. What is
    done to one waiter costs the same however many there are."""

    def __init__(self) -> None:
        self._lines: dict[float, OrderedDict[W, None]] = {}

    def wait(self, waiter: W, seconds: float) -> None:
        """It is the client's turn, for so long, from now on."""
        self.leave(waiter)
        waiter.since = time.monotonic()
        waiter.line = self._lines.setdefault(seconds, OrderedDict())
        waiter.line[waiter] = None

    def leave(self, waiter: W) -> None:
        """It is our turn, or nobody's."""
        if waiter.line is not None:
            del waiter.line[waiter]
            waiter.line = None

    def longest(self) -> W | None:
        """Who has kept us waiting longest."""
        heads = (next(iter(line)) for line in self._lines.values() if line)
        return min(heads, key=lambda waiter: waiter.since, default=None)

    def late(self) -> list[W]:
        """Those whose time is up."""
        now = time.monotonic()
        found = []
        for seconds, line in self._lines.items():
            for waiter in line:
                if waiter.since + seconds >= now:
                    break
                found.append(waiter)
        return found

    def __iter__(self) -> Iterator[W]:
        return iter([waiter for line in self._lines.values() for waiter in line])
