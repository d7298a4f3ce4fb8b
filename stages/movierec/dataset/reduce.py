"""A day of log rows → one row per (user, movie).

Watch lines, nearly all of a day, become bitmaps of minutes (`cells`) as they stream through, so
memory depends on the number of (user, movie) pairs, not of lines. Where even those are too many,
the day is read several times, for a share of the users each time.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.cells import Cells, Full, Watches, watched
from movierec.dataset.distinct import distinct
from movierec.dataset.vocabulary import Vocabulary
from movierec.hashing import hash_text, mix
from movierec.lines.kinds import KINDS, RATING, WATCH
from movierec.times import Nanoseconds

PAIRS = ("user", "movie", "minutes", "first_watch", "last_watch", "rating", "rated_at")
EARLIER = ("earlier_user", "earlier_movie", "earlier_rating", "earlier_rated_at")
MOST = 1 << 23
"""Cells, and lines of a kind, that are held at a time: some 1.2 GB at most."""
MOST_SHARES = 1 << 6
"""Where one of so many shares of the users is still too many, somebody is no person: he is held
whatever it takes."""
NO_LIMIT = 1 << 62
LINE = np.dtype(
    [
        ("user", "<i8"),
        ("time", "<i8"),
        ("text", "<u8"),  # hash of what has no column of its own here
        ("movie", "<i4"),
        ("rating", "<f4"),
        ("kind", "u1"),
        ("digits", "u1"),
    ]
)
"""A line that is no watch."""
Read = Callable[[], Iterable[pa.RecordBatch]]


def aggregate_day(
    read: Read, day_start: Nanoseconds, most: int = MOST
) -> tuple[Aggregate, dict[str, Any]]:
    """Reduce the good lines of a day to pairs and counts.

    `read` gives them (schema rows.STORED, in log order), as often as it is called. `day_start` is
    the day's first moment; lines before it are counted as late.
    """
    shares = 1
    while shares < MOST_SHARES:
        try:
            return _aggregate(read, day_start, shares, most)
        except Full:
            shares *= 2
    return _aggregate(read, day_start, shares, most=NO_LIMIT)


def _aggregate(
    read: Read, day_start: Nanoseconds, shares: int, most: int
) -> tuple[Aggregate, dict[str, Any]]:
    """`aggregate_day`, for a share of the users at a time. Raises Full when one is too large."""
    reader = _Reader(day_start)
    parts = [_Part.of(read, reader, share, shares, most) for share in range(shares)]
    movies, rank = reader.movies()
    pairs = _gather([part.pairs for part in parts], rank)
    earlier = _gather([part.earlier for part in parts], rank)
    counts = reader.counts(duplicates=sum(part.duplicates for part in parts))
    arrays = dict(zip((*PAIRS, *EARLIER), (*pairs, *earlier), strict=True))
    return Aggregate(movies.ids, **arrays), counts


class _Reader:
    """Numbers the movies of batches, and counts what passes."""

    def __init__(self, day_start: Nanoseconds) -> None:
        self.day_start = day_start
        self.slugs = pa.array([], pa.string())
        self.kinds: Counter[str] = Counter()
        self.late = 0
        self.oldest = self.newest = 0

    def numbers(self, batch: pa.RecordBatch) -> NDArray[np.int32]:
        """Numbers of the movies, -1 for none; new slugs get the next number."""
        column = batch.column("movie")
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        words = column.dictionary
        known = pc.index_in(words, value_set=self.slugs)
        if known.null_count:
            self.slugs = pa.concat_arrays([self.slugs, words.filter(known.is_null())])
            known = pc.index_in(words, value_set=self.slugs)
        table = np.r_[known.to_numpy(), np.int32(-1)].astype(np.int32)
        numbers: NDArray[np.int32] = table[column.indices.fill_null(len(words)).to_numpy()]
        return numbers

    def count(self, batch: pa.RecordBatch) -> None:
        """Count the lines of a batch, each day's once."""
        kinds = np.bincount(_column(batch, "kind"), minlength=1)
        for kind in np.flatnonzero(kinds).tolist():
            self.kinds[KINDS[kind]] += int(kinds[kind])
        times = _column(batch, "time")
        if len(times):
            low, high = int(times.min()), int(times.max())
            self.oldest = min(self.oldest, low) if self.oldest else low
            self.newest = max(self.newest, high)
            self.late += int((times < self.day_start).sum())

    def movies(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The day's movies, and the index among them of each number."""
        slugs = np.array(self.slugs.to_pylist(), np.bytes_)
        movies = Vocabulary.of(slugs)
        return movies, movies.index(slugs)

    def counts(self, duplicates: int) -> dict[str, Any]:
        """Good lines, of each kind, exact repeats, late ones; times in nanoseconds."""
        return {
            "stored": sum(self.kinds.values()),
            **{kind: self.kinds[kind] for kind in KINDS.values()},
            "duplicates": duplicates,
            "late": self.late,
            "oldest": self.oldest,
            "newest": self.newest,
        }


def _column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """A column of numbers, 0 where there is none."""
    column: NDArray[Any] = batch.column(name).fill_null(0).to_numpy(zero_copy_only=False)
    return column


def _watches(batch: pa.RecordBatch, movie: NDArray[np.int32], where: NDArray[Any]) -> Watches:
    """The watch lines of a batch among those of `where`."""
    taken = where & (_column(batch, "kind") == WATCH)
    columns = {"user": _column(batch, "user"), "movie": movie}
    columns |= {name: _column(batch, name) for name in ("minute", "time", "digits")}
    return Watches(**{name: column[taken] for name, column in columns.items()})


def _others(batch: pa.RecordBatch, movie: NDArray[np.int32], where: NDArray[Any]) -> NDArray[Any]:
    """The other lines, with hashes of the texts by which equal lines are told."""
    taken = np.flatnonzero(where & (_column(batch, "kind") != WATCH))
    lines = np.zeros(len(taken), LINE)
    for name in ("kind", "time", "digits", "user"):
        lines[name] = _column(batch, name)[taken]
    lines["movie"] = movie[taken]
    texts = batch.column("text").take(pa.array(taken)).fill_null("").to_pylist()
    lines["text"] = [hash_text(text) for text in texts]
    rated = np.flatnonzero(lines["kind"] == RATING)
    lines["rating"][rated] = [float(texts[row]) for row in rated.tolist()]
    return lines


@dataclass(frozen=True)
class _Part:
    """A share of the users, reduced: `pairs` has the columns of PAIRS, `earlier` of EARLIER."""

    pairs: list[NDArray[Any]]
    earlier: list[NDArray[Any]]
    duplicates: int

    @classmethod
    def of(cls, read: Read, reader: _Reader, share: int, shares: int, most: int) -> "_Part":
        """Of users whose hash is `share` modulo `shares`. Raises Full when they are too many."""
        cells, others, held = Cells(most), [np.zeros(0, LINE)], 0
        for batch in read():
            if share == 0:
                reader.count(batch)
            movie, where = reader.numbers(batch), _of_share(batch, share, shares)
            cells.add(_watches(batch, movie, where))
            others.append(_others(batch, movie, where))
            held += len(others[-1])
            if held > most:
                raise Full
        duplicates = _repeats(cells, read, reader, share, shares)
        lines = np.concatenate(others)
        ratings = lines[lines["kind"] == RATING]
        # Stable: equal times stay in log order, so the last of a pair's run is the last rating.
        ratings = ratings[np.lexsort((ratings["time"], ratings["movie"], ratings["user"]))]
        last = np.ones(len(ratings), bool)
        last[:-1] = _differs(ratings, "user", "movie")
        earlier = ratings[~last]
        return cls(
            _join(watched(cells.rows()), ratings[last]),
            [earlier["user"], earlier["movie"], earlier["rating"], earlier["time"]],
            duplicates + len(lines) - len(distinct(_fingerprints(lines))),
        )


def _of_share(batch: pa.RecordBatch, share: int, shares: int) -> NDArray[np.bool_]:
    users = _column(batch, "user")
    if shares == 1:
        return np.ones(len(users), bool)
    chosen: NDArray[np.bool_] = mix(users) % np.uint64(shares) == share
    return chosen


def _repeats(cells: Cells, read: Read, reader: _Reader, share: int, shares: int) -> int:
    """How many watch lines stand in the day for the second time or more: those alone are read
    again that may. Raises Full when they are too many."""
    suspects = cells.suspects()
    if suspects.lines > cells.most:
        raise Full
    if not suspects.lines:
        return 0
    seen = []
    for batch in read():
        lines = _watches(batch, reader.numbers(batch), _of_share(batch, share, shares))
        may = suspects.among(lines)
        seen.append([column[may] for column in lines])
    columns = [np.concatenate(column) for column in zip(*seen, strict=True)]
    order = np.lexsort(columns)
    equal = np.ones(suspects.lines - 1, bool)
    for column in columns:
        ordered = column[order]
        equal &= ordered[1:] == ordered[:-1]
    return int(equal.sum())


def _differs(lines: NDArray[Any], *names: str) -> NDArray[np.bool_]:
    """Whether each line but the first differs from the one before it in one of `names`."""
    different = np.zeros(max(len(lines) - 1, 0), bool)
    for name in names:
        different |= lines[name][1:] != lines[name][:-1]
    return different


def _fingerprints(lines: NDArray[Any]) -> NDArray[np.uint64]:
    """64-bit hashes that are equal for equal lines."""
    value = np.zeros(len(lines), np.uint64)
    for name in ("user", "time", "text", "movie", "kind", "digits"):
        value = mix(value ^ lines[name].astype(np.uint64))
    return value


def _join(watched: list[NDArray[Any]], rated: NDArray[Any]) -> list[NDArray[Any]]:
    """PAIRS of the pairs that were watched, rated or both."""
    user = np.r_[watched[0], rated["user"]]
    movie = np.r_[watched[1], rated["movie"]]
    order = np.lexsort((movie, user))
    pair = np.empty(len(order), np.int64)
    new = np.r_[True, (np.diff(user[order]) != 0) | (np.diff(movie[order]) != 0)][: len(order)]
    pair[order] = np.cumsum(new) - 1
    from_watch, from_rating = pair[: len(watched[0])], pair[len(watched[0]) :]
    total = int(new.sum())

    def spread(at: NDArray[Any], values: NDArray[Any], dtype: str, empty: float) -> NDArray[Any]:
        column = np.full(total, empty, dtype)
        column[at] = values
        return column

    return [
        user[order][new],
        movie[order][new],
        spread(from_watch, watched[2], "<i4", 0),
        spread(from_watch, watched[3], "<i8", 0),
        spread(from_watch, watched[4], "<i8", 0),
        spread(from_rating, rated["rating"], "<f4", np.nan),
        spread(from_rating, rated["time"], "<i8", 0),
    ]


def _gather(parts: list[list[NDArray[Any]]], rank: NDArray[np.int32]) -> list[NDArray[Any]]:
    """The buckets' columns put together, sorted by (user, movie), movies by their rank."""
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    columns[1] = rank[columns[1]]
    # Stable: replaced ratings of one pair stay in the order of their times.
    order = np.lexsort((columns[1], columns[0]))
    return [column[order] for column in columns]
