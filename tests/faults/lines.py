"""A log for fault tests: the true mix of lines, numbered by user id, and two days that close."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

FIRST = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
SPAN = timedelta(hours=27)
"""From 22:00 on the first day to 01:00 on the third: with a small grace, two days close."""

DAYS = ["2026-03-01", "2026-03-02"]


class Log(NamedTuple):
    """What one partition gets: lines and the timestamps of their records, in ms since 1970."""

    lines: list[bytes]
    timestamps: list[int]

    def __getitem__(self, piece: slice) -> "Log":  # type: ignore[override]
        return Log(self.lines[piece], self.timestamps[piece])


def make_log(count: int, seed: int) -> Log:
    """`count` lines in the order of their times, spread evenly over SPAN; line i is of user i."""
    lines, timestamps = [], []
    for at, line in _lines(count, random.Random(seed)):
        lines.append(line)
        timestamps.append(int(at.timestamp() * 1000))
    return Log(lines, timestamps)


def _lines(count: int, chance: random.Random) -> Iterator[tuple[datetime, bytes]]:
    for i in range(count):
        at = FIRST + SPAN * i / count
        line = f"{_time(at, i)},{i},{_action(i, chance)}".encode()
        if chance.random() < 0.002:
            where = chance.randrange(len(line))
            line = line[:where] + chance.choice([b" ", b"\0", b"x", b"\xff"]) + line[where:]
        yield at, line


def _time(at: datetime, i: int) -> str:
    if at.second == 0 or i % 60 == 0:
        return at.strftime("%Y-%m-%dT%H:%M")
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06d}"


def _action(i: int, chance: random.Random) -> str:
    movie = f"a+film+{chance.randrange(5000)}+{1950 + i % 70}"
    kind = chance.random()
    if kind < 0.985:
        return f"GET /data/m/{movie}/{i % 180}.mpg"
    if kind < 0.99:
        return f"GET /rate/{movie}={1 + i % 5}"
    if kind < 0.991:
        return "GET /create_account"
    ids = ", ".join(f"movie+{chance.randrange(5000)}+1999" for _ in range(20))
    return f"recommendation request 10.0.0.7:8082, status 200, result: {ids}, {i % 600} ms"
