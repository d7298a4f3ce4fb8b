"""Short logs for tests: events as tuples, made into lines, aggregates and a window."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.reduce import NO_LIMIT, Read, reduce_day
from movierec.dataset.window import Window
from movierec.lines.kinds import REJECTED
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import STORED, LineBatch
from movierec.times import DAY, MILLISECOND, SECOND, day_number

MOST = 60
"""So few that a longer day is read for a share of its users at a time."""
FIRST_DAY = "2026-11-01"
NOW = day_number("2027-11-01") * DAY // MILLISECOND


class Viewing(NamedTuple):
    """A watched minute or, when `rating` is not 0, a rating."""

    day: int  # from FIRST_DAY on
    second: int
    user: int
    movie: str
    minute: int = 0
    rating: int = 0

    @property
    def time(self) -> int:
        return day_start(self.day) + self.second * SECOND

    @property
    def line(self) -> bytes:
        clock = f"{self.second // 3600:02d}:{self.second // 60 % 60:02d}"
        if self.second % 60:
            clock += f":{self.second % 60:02d}"
        what = f"rate/{self.movie}={self.rating}"
        if not self.rating:
            what = f"data/m/{self.movie}/{self.minute}.mpg"
        return f"2026-11-{self.day + 1:02d}T{clock},{self.user},GET /{what}".encode()


def day_start(day: int) -> int:
    return (day_number(FIRST_DAY) + day) * DAY


def stored(lines: list[bytes]) -> pa.Table:
    """Lines as the rows that a closed day holds; they must all be good."""
    offsets = np.arange(len(lines), dtype=np.int64)
    rows = parse_batch(
        LineBatch(offsets, np.full_like(offsets, -1), pa.array(lines, pa.large_binary())), NOW
    )
    assert not pc.any(pc.equal(rows.column("kind"), REJECTED)).as_py(), lines
    partition = pa.array(np.zeros(len(lines), np.int32))
    return rows.select(STORED.names[1:]).add_column(0, STORED.field(0), partition)


def read_of(table: pa.Table, batch: int = 100) -> Read:
    """What gives the lines of a table, so many at a time."""
    return lambda columns: table.select(columns).to_batches(max_chunksize=batch)


def aggregate_day(
    table: pa.Table, start: int, most: int = NO_LIMIT, batch: int = 100, threads: int = 1
) -> tuple[Aggregate, dict[str, Any]]:
    """A day's only bucket, and its counts."""
    put: dict[int, Aggregate] = {}
    read = read_of(table, batch)
    counts = reduce_day(read, start, put.__setitem__, most=most, threads=threads)
    return put[0], counts


def aggregate_of(viewings: Iterable[Viewing], day: int, batch: int = 3) -> Aggregate:
    """The aggregate of a day's viewings, in the order of the log."""
    table = stored([v.line for v in viewings if v.day == day])
    return aggregate_day(table, day_start(day), most=MOST, batch=batch)[0]


def window_of(viewings: list[Viewing], days: int) -> Window:
    return Window.of([aggregate_of(viewings, day) for day in range(days)])
