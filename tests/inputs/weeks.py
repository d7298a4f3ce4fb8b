"""Weeks of a simulated log as aggregates of days, with busier weekends; and the same days shifted.

The simulator's days are all alike; a real log's are not. Here a weekend day has 1.4 times as many
lines as a day of the week, and each day's lines are spoilt as the simulator spoils them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.simulator.corruption import corrupt
from infra.simulator.exact import stream
from infra.simulator.log import in_order
from infra.simulator.sessions import Life
from infra.simulator.world import World
from movierec.dataset.aggregates import Aggregate
from movierec.lines.kinds import REJECTED
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch
from movierec.times import DAY, MILLISECOND, day_number
from tests.inputs.viewings import aggregate_day

MONDAY = day_number("2026-11-02")
BUSY = [1.0, 0.95, 0.95, 1.0, 1.15, 1.4, 1.4]
"""Lines of each weekday, in those of a Monday."""
Lines = list[bytes]
Shift = Callable[[Lines, np.random.Generator], Lines]
RATED = re.compile(rb"(/rate/[^=]+=)(\d+)$")
MOVIE = re.compile(rb"/(data/m|rate)/([^/=]+)")


class Weeks(Life):
    """A world's life, a day at a time from MONDAY on."""

    def __init__(self, world: World, lines_per_day: int) -> None:
        super().__init__(world, lines_per_day)
        self.usual = self._watches
        self.seen: dict[int, NDArray[np.bool_]] = {}
        self.rows: dict[int, Any] = {}

    def _day(self, day: int) -> Any:
        self.seen[day] = self._seen.copy()
        self._watches = round(self.usual * BUSY[(day - MONDAY) % 7])
        self.rows[day] = super()._day(day)
        return self.rows[day]

    def lines(self, count: int) -> Iterator[Lines]:
        """The lines of each day."""
        for day, rows in enumerate(self.days(MONDAY, count, (MONDAY + count) * DAY)):
            if day < count:
                yield self._spoilt(rows, day)

    def again(self, day: int, times: float) -> Lines:
        """The lines of a day that was, had as many times as many sessions begun on it."""
        number = MONDAY + day
        usual, self.usual, now = self.usual, round(self.usual * times), self._seen
        self._seen, rows = self.seen[number].copy(), self.rows[number]
        other, self.rows[number] = self._day(number), rows
        self.usual, self._seen = usual, now
        together = in_order([self.rows[number - 1], other])
        arrival = together["arrival"]
        inside = (arrival >= number * DAY) & (arrival < (number + 1) * DAY)
        return self._spoilt(together[inside], day)

    def _spoilt(self, rows: Any, day: int) -> Lines:
        lines = self.writer.lines(rows)
        corrupt(stream(self.world.seed, 2, day), lines)
        return lines


def aggregate_lines(lines: Lines, day: int) -> tuple[Aggregate, dict[str, Any]]:
    """What `aggregate` makes of the lines of a day, MONDAY being 0."""
    offsets = np.arange(len(lines), dtype=np.int64)
    batch = LineBatch(offsets, np.full_like(offsets, -1), pa.array(lines, pa.large_binary()))
    rows = parse_batch(batch, (MONDAY + day + 2) * DAY // MILLISECOND)
    refused = pc.equal(rows.column("kind"), REJECTED)
    good = rows.filter(pc.invert(refused))
    bad = [lines[k] for k in np.flatnonzero(refused.to_numpy(zero_copy_only=False))]
    aggregate, counts = aggregate_day(good, (MONDAY + day) * DAY)
    ratings = sum(b"/rate/" in line for line in bad)
    return aggregate, counts | {"rejected": len(bad), "reasons": {}, "rejected_ratings": ratings}


def rated(change: Callable[[int], float], share: float = 1.0) -> Shift:
    """A share of the ratings is another number."""

    def shift(lines: Lines, random: np.random.Generator) -> Lines:
        def other(found: re.Match[bytes]) -> bytes:
            if random.random() >= share:
                return found[0]
            return found[1] + b"%g" % change(int(found[2]))

        return [RATED.sub(other, line) for line in lines]

    return shift


def newcomers(share: float) -> Shift:
    """As many newcomers as a share of the day's users do what those do."""

    def shift(lines: Lines, random: np.random.Generator) -> Lines:
        users = sorted({line.split(b",")[1] for line in lines if line.count(b",") == 2})
        chosen = random.permutation(len(users))[: round(share * len(users))].tolist()
        new = {users[k]: b"%d" % (2_000_000 + k) for k in chosen}
        more = []
        for line in lines:
            fields = line.split(b",")
            if len(fields) == 3 and fields[1] in new:
                more.append(b",".join([fields[0], new[fields[1]], fields[2]]))
        return [*lines, *more]

    return shift


def renamed(share: float) -> Shift:
    """A share of the movies has other ids."""

    def shift(lines: Lines, random: np.random.Generator) -> Lines:
        ids: dict[bytes, bytes] = {}

        def other(found: re.Match[bytes]) -> bytes:
            if found[2] not in ids:
                ids[found[2]] = found[2] + (b"+2" if random.random() < share else b"")
            return b"/" + found[1] + b"/" + ids[found[2]]

        return [MOVIE.sub(other, line, count=1) for line in lines]

    return shift


def without(word: bytes, share: float = 1.0) -> Shift:
    """A share of the lines with a word is missing."""
    return lambda lines, random: [
        line for line in lines if word not in line or random.random() >= share
    ]


def refused(share: float, word: bytes = b"") -> Shift:
    """A share of the lines with a word is none that the collector takes."""
    return lambda lines, random: [
        b"?" + line if word in line and random.random() < share else line for line in lines
    ]
