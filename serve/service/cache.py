"""Answers that were given and would be given again, to the byte.

An answer without a query is a function of the user and of what is followed of that user. So one
is kept with the very object that `Histories` held, and counts as long as that holds it still: an
event makes another object, and the answer is made anew. Memory is bounded in bytes; what was not
asked for longest goes first.

Why not a list for every row in the package, made while training: it would hold for those of whom
no event is followed, and those who ask are those who watch. It would cost 80 bytes a row and, at
a million rows of 27,000 movies, minutes of each night.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

from serve.metrics import CACHED, ServiceMetrics

ENTRY_BYTES = 500
"""What an entry costs beside its texts: of the dictionary, a key, two tuples, three headers of
bytes (measured, with the allocator's holes)."""


class Written(NamedTuple):
    """An answer in writing."""

    tier: str
    body: bytes
    """Its ids, joined by commas."""
    history: bytes
    """Of the served line: JSON of the followed history that it was made with, or nothing."""
    ratings: bytes = b""
    """The like of the ratings that it predicts of its ids."""


class _Entry(NamedTuple):
    followed: bytes | None
    written: Written


class Answers:
    """user → the last answer. Safe between threads."""

    def __init__(self, most_bytes: int, metrics: ServiceMetrics) -> None:
        self._most, self._bytes = most_bytes, 0
        self._users: OrderedDict[int, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._hit, self._miss = map(metrics.cached.labels, CACHED)
        self._size = metrics.cache_bytes

    def get(self, user: int, followed: bytes | None) -> Written | None:
        """The answer for `user` of whom `followed` is known, or None."""
        with self._lock:
            entry = self._users.get(user)
            if entry is None or entry.followed is not followed:
                self._miss.inc()
                return None
            self._users.move_to_end(user)
        self._hit.inc()
        return entry.written

    def put(self, user: int, followed: bytes | None, written: Written) -> None:
        """Keep the answer, and let others go where memory is short."""
        entry = _Entry(followed, written)
        with self._lock:
            before = self._users.pop(user, None)
            self._users[user] = entry
            self._bytes += _cost(entry) - (0 if before is None else _cost(before))
            while self._bytes > self._most:
                self._bytes -= _cost(self._users.popitem(last=False)[1])
            self._size.set(self._bytes)


def _cost(entry: _Entry) -> int:
    """Bytes of memory; the followed history may be held by nobody else."""
    _, (_, body, history, ratings) = entry
    return ENTRY_BYTES + len(body) + len(history) + len(ratings) + len(entry.followed or b"")
