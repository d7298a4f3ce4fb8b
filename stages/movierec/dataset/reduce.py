"""A day of log rows → one row per (user, movie).

Rows stream through: they are dealt by user into buckets on disk, and each bucket is then
reduced by itself, so memory depends on the number of (user, movie) pairs, not of lines.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.vocabulary import Vocabulary
from movierec.hashing import hash_text, mix
from movierec.lines.kinds import KINDS, RATING, WATCH
from movierec.times import Nanoseconds

PAIRS = ("user", "movie", "minutes", "first_watch", "last_watch", "rating", "rated_at")
EARLIER = ("earlier_user", "earlier_movie", "earlier_rating", "earlier_rated_at")
BUCKETS = 64
LINE = np.dtype(
    [
        ("user", "<i8"),
        ("time", "<i8"),
        ("text", "<u8"),  # hash of what has no column of its own here
        ("movie", "<i4"),
        ("minute", "<i4"),
        ("rating", "<f4"),
        ("kind", "u1"),
        ("digits", "u1"),
    ]
)


def aggregate_day(
    batches: Iterable[pa.RecordBatch], day_start: Nanoseconds, buckets: int = BUCKETS
) -> tuple[Aggregate, dict[str, Any]]:
    """Reduce the good lines of a day (schema rows.STORED, in log order) to pairs and counts.

    `day_start` is the day's first moment; lines before it are counted as late.
    """
    reader = _Reader(day_start)
    with tempfile.TemporaryDirectory() as spill:
        files: list[IO[bytes]] = [
            (Path(spill) / f"{number}").open("w+b") for number in range(buckets)
        ]
        for batch in batches:
            _deal(reader.lines(batch), files)
        parts = [_Part.of(lines) for lines in _collect(files)]
    movies, rank = reader.movies()
    pairs = _gather([part.pairs for part in parts], rank)
    earlier = _gather([part.earlier for part in parts], rank)
    counts = reader.counts(duplicates=sum(part.duplicates for part in parts))
    arrays = dict(zip((*PAIRS, *EARLIER), (*pairs, *earlier), strict=True))
    return Aggregate(movies.ids, **arrays), counts


class _Reader:
    """Turns batches into LINE arrays, numbering the movies, and counts what passes."""

    def __init__(self, day_start: Nanoseconds) -> None:
        self.day_start = day_start
        self.codes: dict[str, int] = {}
        self.kinds: Counter[str] = Counter()
        self.late = 0
        self.oldest = self.newest = 0

    def lines(self, batch: pa.RecordBatch) -> NDArray[Any]:
        """The LINE array of a batch."""
        lines = np.zeros(batch.num_rows, LINE)
        for name in ("kind", "time", "digits", "user", "minute"):
            lines[name] = batch.column(name).fill_null(0).to_numpy(zero_copy_only=False)
        lines["movie"] = self._numbers(batch.column("movie"))
        self._texts(batch, lines)
        self._count(batch, lines)
        return lines

    def _numbers(self, column: pa.Array) -> NDArray[np.int32]:
        """Numbers of the movies, -1 for none; new slugs get the next number."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        slugs = column.dictionary.to_pylist()
        known = [self.codes.setdefault(slug, len(self.codes)) for slug in slugs]
        table = np.array([*known, -1], np.int32)
        numbers: NDArray[np.int32] = table[column.indices.fill_null(len(slugs)).to_numpy()]
        return numbers

    def _texts(self, batch: pa.RecordBatch, lines: NDArray[Any]) -> None:
        """Fill in ratings, and hashes of the texts by which equal lines are told."""
        for row in np.flatnonzero(lines["kind"] != WATCH):
            text = batch.column("text")[row].as_py()
            if lines["kind"][row] == RATING:
                lines["rating"][row] = float(text)
            lines["text"][row] = hash_text(text or "")

    def _count(self, batch: pa.RecordBatch, lines: NDArray[Any]) -> None:
        for kind, number in zip(*np.unique(lines["kind"], return_counts=True), strict=True):
            self.kinds[KINDS[int(kind)]] += int(number)
        times = lines["time"]
        if len(times):
            low, high = int(times.min()), int(times.max())
            self.oldest = min(self.oldest, low) if self.oldest else low
            self.newest = max(self.newest, high)
            self.late += int((times < self.day_start).sum())

    def movies(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The day's movies, and the index among them of each number."""
        slugs = np.array(list(self.codes), np.bytes_)
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


def _deal(lines: NDArray[Any], files: list[IO[bytes]]) -> None:
    """Append each line to its user's bucket, in log order."""
    bucket = mix(lines["user"]) % np.uint64(len(files))
    order = np.argsort(bucket, kind="stable")
    ends = np.cumsum(np.bincount(bucket.astype(np.int64), minlength=len(files)))[:-1]
    for file, part in zip(files, np.split(lines[order], ends), strict=True):
        file.write(part.tobytes())


def _collect(files: list[IO[bytes]]) -> Iterator[NDArray[Any]]:
    """The buckets, one after the other."""
    for file in files:
        with file:
            file.seek(0)
            yield np.frombuffer(file.read(), LINE)


@dataclass(frozen=True)
class _Part:
    """One bucket, reduced. The columns of `pairs` are PAIRS, those of `earlier` EARLIER."""

    pairs: list[NDArray[Any]]
    earlier: list[NDArray[Any]]
    duplicates: int

    @classmethod
    def of(cls, lines: NDArray[Any]) -> "_Part":
        watched = _watched(lines[lines["kind"] == WATCH])
        ratings = lines[lines["kind"] == RATING]
        # Stable: equal times stay in log order, so the last of a pair's run is the last rating.
        ratings = ratings[np.lexsort((ratings["time"], ratings["movie"], ratings["user"]))]
        last = np.ones(len(ratings), bool)
        last[:-1] = _differs(ratings, "user", "movie")
        earlier = ratings[~last]
        return cls(
            _join(watched, ratings[last]),
            [earlier["user"], earlier["movie"], earlier["rating"], earlier["time"]],
            len(lines) - len(np.unique(_fingerprints(lines))),
        )


def _differs(lines: NDArray[Any], *names: str) -> NDArray[np.bool_]:
    """Whether each line but the first differs from the one before it in one of `names`."""
    different = np.zeros(max(len(lines) - 1, 0), bool)
    for name in names:
        different |= lines[name][1:] != lines[name][:-1]
    return different


def _fingerprints(lines: NDArray[Any]) -> NDArray[np.uint64]:
    """64-bit hashes that are equal for equal lines."""
    value = np.zeros(len(lines), np.uint64)
    for name in ("user", "time", "text", "movie", "minute", "kind", "digits"):
        value = mix(value ^ lines[name].astype(np.uint64))
    return value


def _watched(lines: NDArray[Any]) -> list[NDArray[Any]]:
    """Columns user, movie, minutes, first and last watch of the watch lines of a bucket."""
    if len(lines) == 0:
        return [lines["user"], lines["movie"], lines["minute"], lines["time"], lines["time"]]
    lines = lines[np.lexsort((lines["minute"], lines["movie"], lines["user"]))]
    starts = np.flatnonzero(np.r_[True, _differs(lines, "user", "movie")])
    fresh = np.r_[True, _differs(lines, "user", "movie", "minute")]
    minutes = np.add.reduceat(fresh.astype(np.int32), starts)
    first, last = (f.reduceat(lines["time"], starts) for f in (np.minimum, np.maximum))
    return [lines["user"][starts], lines["movie"][starts], minutes, first, last]


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
