"""Simulated events as rows of an array, and rows as log lines (the log-line contract).

A row is one future line: RATING, WATCH and so on say how `movie` and `number` are read.
Lines are made by columns: a day of a million would take minutes one at a time.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.simulator.exact import Ints
from movierec.lines.events import Account, Rating, Request, Watch
from movierec.lines.kinds import ACCOUNT, RATING, REQUEST, WATCH, Kind
from movierec.times import MINUTE, NO_SECONDS, SECOND, format_time

ROW = np.dtype(
    [
        ("arrival", np.int64),  # ns, when the line reaches the log: the order of lines
        ("time", np.int64),  # ns since 1970, what the line says
        ("user", np.int64),
        ("movie", np.int32),  # index; 0 for requests and accounts
        ("number", np.int32),  # minute, or index of the rating's or the request's text
        ("kind", np.uint8),
        ("digits", np.uint8),  # of the fraction, or NO_SECONDS
    ]
)
Rows = NDArray[np.void]

WHOLE_SHARE = {WATCH: 0.97, RATING: 0.4, REQUEST: 0.4, ACCOUNT: 0.4}
"""Of the lines of a kind, these fall on a whole second; the others have 3, 6 or 9 digits."""
LATE_SHARE = 0.02
SECONDS = pa.array([*(f":{second:02d}" for second in range(60)), ""])
"""What follows the minute in a line's time; nothing where second and fraction are left out."""
WHOLE_WIDTH = len(format_time(0, 0))
"""Of a time's text up to its second."""
MAX_DELAY = 5 * SECOND
"""Lines reach the log at once, or, LATE_SHARE of them, up to this much later."""


def make_rows(
    random: np.random.Generator, kind: Kind, time: Ints, user: Ints, movie: Ints, number: Ints
) -> Rows:
    """Rows of one kind at whole seconds `time` (ns), given fractions, digits and delays."""
    rows = np.zeros(len(time), ROW)
    digits = np.where(random.random(len(time)) < WHOLE_SHARE[kind], 0, 3)
    digits *= random.integers(1, 4, len(time))
    fraction = random.integers(1, 1000, len(time))
    for more in (6, 9):  # the last group of digits is never zero, as Java prints times
        longer = random.integers(0, 1000, len(time)) * 1000 + random.integers(1, 1000, len(time))
        fraction = np.where(digits == more, fraction * 10 ** (more - 3) + longer, fraction)
    fraction = np.where(digits == 0, 0, fraction % 10**digits * 10 ** (9 - digits))
    rows["time"] = time + fraction
    bare = (digits == 0) & (time // SECOND % 60 == 0)
    rows["digits"] = np.where(bare, NO_SECONDS, digits)
    delay = random.integers(0, MAX_DELAY, len(time))
    rows["arrival"] = rows["time"] + np.where(random.random(len(time)) < LATE_SHARE, delay, 0)
    rows["kind"], rows["user"], rows["movie"], rows["number"] = kind, user, movie, number
    return rows


def in_order(rows: Sequence[Rows]) -> Rows:
    """All rows in the order in which they reach the log."""
    together = np.concatenate(rows)
    return together[np.argsort(together["arrival"], kind="stable")]


class LineWriter:
    """Rows → lines, for one catalogue, one set of rating texts, one list of request texts."""

    def __init__(self, movies: Sequence[str], ratings: Sequence[str]) -> None:
        self.requests: list[str] = []
        self._heads = pa.array(
            [f",{Watch.START}{movie}/" for movie in movies]
            + [f",{Rating.START}{movie}=" for movie in movies]
            + [f",{Request.START}", f",{Account.START}"]
        )
        first = {WATCH: 0, RATING: len(movies), REQUEST: 2 * len(movies)}
        first[ACCOUNT] = first[REQUEST] + 1
        self._first_head = np.array([first[kind] for kind in sorted(first)])
        self._ratings = list(ratings)

    def add_requests(self, texts: Sequence[str]) -> Ints:
        """Remember the texts of requests; returns the `number` of each."""
        start = len(self.requests)
        self.requests.extend(texts)
        return np.arange(start, start + len(texts))

    def lines(self, rows: Rows) -> list[bytes]:
        """One line a row."""
        heads = self._heads.take(pa.array(self._first_head[rows["kind"]] + rows["movie"]))
        joined = pc.binary_join_element_wise(
            _times(rows),
            ",",
            pa.array(rows["user"]).cast(pa.string()),
            heads,
            self._tails(rows),
            "",
        )
        lines: list[bytes] = joined.cast(pa.binary()).to_pylist()
        return lines

    def _tails(self, rows: Rows) -> pa.Array:
        """What follows the movie id: a minute, a rating, or the whole text of a request."""
        kind, number = rows["kind"], rows["number"].astype(np.int64)
        minutes = [
            f"{minute}.mpg" for minute in range(int(number[kind == WATCH].max(initial=0)) + 1)
        ]
        asked = kind == REQUEST
        texts = [self.requests[n] for n in number[asked].tolist()]
        table = [*minutes, *self._ratings, *texts, ""]
        index = number + np.where(kind == RATING, len(minutes), 0)
        index[asked] = len(minutes) + len(self._ratings) + np.arange(len(texts))
        index[kind == ACCOUNT] = len(table) - 1
        return pa.array(table).take(pa.array(index))


def _times(rows: Rows) -> pa.Array:
    """The text of each row's time, put together of its minute's, its second's and its fraction's:
    there are few different ones of each."""
    time, digits = rows["time"], rows["digits"]
    minutes, at = np.unique(time // MINUTE, return_inverse=True)
    texts = pa.array([format_time(minute * MINUTE, NO_SECONDS) for minute in minutes.tolist()])
    second = np.where(digits == NO_SECONDS, len(SECONDS) - 1, time // SECOND % 60)
    parts = (texts.take(pa.array(at)), SECONDS.take(pa.array(second)), _fractions(rows))
    return pc.binary_join_element_wise(*parts, "")


def _fractions(rows: Rows) -> pa.Array:
    """What follows the second of each row's time, if anything does."""
    broken = np.flatnonzero((rows["digits"] > 0) & (rows["digits"] != NO_SECONDS))
    times, digits = rows["time"][broken].tolist(), rows["digits"][broken].tolist()
    texts = [format_time(*one)[WHOLE_WIDTH:] for one in zip(times, digits, strict=True)]
    index = np.zeros(len(rows), np.int64)
    index[broken] = np.arange(1, len(broken) + 1)
    return pa.array(["", *texts]).take(pa.array(index))
