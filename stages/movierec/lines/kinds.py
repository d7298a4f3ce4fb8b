"""The kinds of rows, with the numbers that stand on disk. Nothing else may number them.

A new kind of event: a number here, a class in `events`, and in `rows` the columns that it
has of its own.

>>> Kind.RATING.label, Kind(255)
('rating', <Kind.REJECTED: 255>)
>>> KINDS[SERVED]
'served'
"""

from enum import IntEnum


class Kind(IntEnum):
    """What a row is. A number, once given, never changes: closed days hold it."""

    WATCH = 0
    RATING = 1
    REQUEST = 2
    ACCOUNT = 3
    SERVED = 4
    REJECTED = 255

    @property
    def label(self) -> str:
        """The name in counts and metrics."""
        return self.name.lower()


WATCH, RATING, REQUEST, ACCOUNT, SERVED, REJECTED = Kind

KINDS: dict[int, str] = {kind: kind.label for kind in Kind if kind != REJECTED}
"""The kinds of good rows and their names, in the order of counts."""
