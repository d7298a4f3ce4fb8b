"""`aggregate.engine: local`: a day of log rows → what each bucket of its users did.

Watch lines, nearly all of a day, become bitmaps of minutes (`cells`) as they stream through, so
memory depends on the number of (user, movie) pairs, not of lines. Where even those are too many,
the day is read several times, for a share of the users each time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.cells import Cells, Full, Watches, watched
from movierec.dataset.finish import Grouped, counts_of, dealt, finish, joined
from movierec.dataset.others import LINE, column, others, ratings_of, repeats_of
from movierec.hashing import mix
from movierec.lines.kinds import KINDS, WATCH
from movierec.threads import ahead
from movierec.times import Nanoseconds

MOST = 1 << 23
"""Cells, and lines of a kind, that are held at a time: some 1.2 GB at most."""
MOST_SHARES = 1 << 6
"""Where one of so many shares of the users is still too many, somebody is no person: he is held
whatever it takes."""
NO_LIMIT = 1 << 62
OF_WATCHES = ("kind", "user", "movie", "minute", "time", "digits")
Read = Callable[[Sequence[str]], Iterable[pa.RecordBatch]]
"""Gives these columns of the good lines of a day (schema rows.STORED, in log order)."""
Reading = Callable[[Sequence[str]], AbstractContextManager[Iterator[pa.RecordBatch]]]
Put = Callable[[int, Aggregate], None]


def reduce_day(
    read: Read,
    day_start: Nanoseconds,
    put: Put,
    buckets: int = 1,
    most: int = MOST,
    threads: int = 1,
) -> dict[str, Any]:
    """Reduce the good lines of a day to the pairs of each bucket, for `put`, and to counts.

    `read` gives them as often as it is called, with more than one of `threads` ahead of what is
    done with them. `day_start` is the day's first moment; lines before it are counted as late.
    `buckets` is a power of two. A bucket may be put again: what was put last is true.
    """

    def reading(columns: Sequence[str]) -> AbstractContextManager[Iterator[pa.RecordBatch]]:
        return ahead(read(columns), threads)

    shares = 1
    while shares < MOST_SHARES:
        try:
            return _reduce(reading, day_start, put, buckets, shares, most)
        except Full:
            shares *= 2
    return _reduce(reading, day_start, put, buckets, shares, most=NO_LIMIT)


def _reduce(
    reading: Reading, day_start: Nanoseconds, put: Put, buckets: int, shares: int, most: int
) -> dict[str, Any]:
    """`reduce_day`, for a share of the users at a time. Raises Full when one is too large."""
    reader, repeats = _Reader(day_start), 0
    # Both are powers of two: a share holds whole buckets, or a bucket whole shares.
    sets = min(buckets, shares)
    for first in range(sets):
        parts = []
        for share in range(first, shares, sets):
            part, found = _part(reading, reader, share, shares, most)
            parts.append(part)
            repeats += found
        for bucket, users in enumerate(dealt(joined(parts), buckets)):
            if bucket % sets == first:
                put(bucket, finish(users, reader.slugs()))
    return reader.counts(repeats)


class _Reader:
    """Numbers the movies of batches, and counts what passes."""

    def __init__(self, day_start: Nanoseconds) -> None:
        self.day_start = day_start
        self._number: dict[str, int] = {}
        self._last = pa.array([], pa.string()), np.array([-1], np.int32)
        self.kinds: Counter[str] = Counter()
        self.late = 0
        self.oldest: int | None = None
        self.newest: int | None = None

    def numbers(self, batch: pa.RecordBatch) -> NDArray[np.int32]:
        """Numbers of the movies, -1 for none; new slugs get the next number."""
        movie = batch.column("movie")
        if not pa.types.is_dictionary(movie.type):
            movie = movie.dictionary_encode()
        words, table = movie.dictionary, self._last[1]
        if not words.equals(self._last[0]):  # it stays as it is for many lines
            number = self._number
            known = [number.setdefault(word, len(number)) for word in words.to_pylist()]
            table = np.array([*known, -1], np.int32)
            self._last = words, table
        numbers: NDArray[np.int32] = table[movie.indices.fill_null(len(words)).to_numpy()]
        return numbers

    def slugs(self) -> pa.Array:
        """The movies that have a number, each at its."""
        return pa.array(list(self._number), pa.string())

    def count(self, batch: pa.RecordBatch) -> None:
        """Count the lines of a batch, each day's once."""
        kinds = np.bincount(column(batch, "kind"), minlength=1)
        for kind in np.flatnonzero(kinds).tolist():
            self.kinds[KINDS[kind]] += int(kinds[kind])
        times = column(batch, "time")
        if len(times):
            low, high = int(times.min()), int(times.max())
            self.oldest = low if self.oldest is None else min(self.oldest, low)
            self.newest = high if self.newest is None else max(self.newest, high)
            self.late += int((times < self.day_start).sum())

    def counts(self, duplicates: int) -> dict[str, Any]:
        """Good lines, of each kind, exact repeats, late ones; times in nanoseconds."""
        return counts_of(self.kinds, duplicates, self.late, self.oldest, self.newest)


def _watches(batch: pa.RecordBatch, movie: NDArray[np.int32], where: NDArray[Any]) -> Watches:
    """The watch lines of a batch among those of `where`."""
    taken = where & (column(batch, "kind") == WATCH)
    columns = {"user": column(batch, "user"), "movie": movie}
    columns |= {name: column(batch, name) for name in ("minute", "time", "digits")}
    return Watches(**{name: values[taken] for name, values in columns.items()})


def _part(
    reading: Reading, reader: _Reader, share: int, shares: int, most: int
) -> tuple[Grouped, int]:
    """Users whose hash is `share` modulo `shares`, and how often a line of theirs is repeated.
    Raises Full when they are too many."""
    cells, rest, held = Cells(most), [np.zeros(0, LINE)], 0
    with reading((*OF_WATCHES, "text")) as batches:
        for batch in batches:
            if share == 0:
                reader.count(batch)
            movie, where = reader.numbers(batch), _of_share(batch, share, shares)
            cells.add(_watches(batch, movie, where))
            rest.append(others(batch, movie, where))
            held += len(rest[-1])
            if held > most:
                raise Full
    repeats = _repeats(cells, reading, reader, share, shares)
    lines = np.concatenate(rest)
    return Grouped(watched(cells.rows()), ratings_of(lines)), repeats + repeats_of(lines)


def _of_share(batch: pa.RecordBatch, share: int, shares: int) -> NDArray[np.bool_]:
    users = column(batch, "user")
    if shares == 1:
        return np.ones(len(users), bool)
    chosen: NDArray[np.bool_] = mix(users) % np.uint64(shares) == share
    return chosen


def _repeats(cells: Cells, reading: Reading, reader: _Reader, share: int, shares: int) -> int:
    """How many watch lines stand in the day for the second time or more: those alone are read
    again that may. Raises Full when they are too many."""
    suspects = cells.suspects()
    if not suspects.any:
        return 0
    seen, held = [], 0
    with reading(OF_WATCHES) as batches:
        for batch in batches:
            lines = _watches(batch, reader.numbers(batch), _of_share(batch, share, shares))
            may = np.flatnonzero(suspects.among(lines))
            seen.append([values[may] for values in lines])
            held += len(may)
            if held > cells.most:
                raise Full
    columns = [np.concatenate(batches) for batches in zip(*seen, strict=True)]
    order = np.lexsort(columns)
    equal = np.ones(held - 1, bool)
    for values in columns:
        ordered = values[order]
        equal &= ordered[1:] == ordered[:-1]
    return int(equal.sum())
