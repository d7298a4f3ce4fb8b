"""What an engine grouped → an aggregate: the one place that decides order, numbers and dtypes, so
that the bytes are the same whichever engine it was."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.vocabulary import Vocabulary
from movierec.hashing import mix
from movierec.lines.kinds import KINDS

PAIRS = ("user", "movie", "minutes", "first_watch", "last_watch", "rating", "rated_at")
EARLIER = ("earlier_user", "earlier_movie", "earlier_rating", "earlier_rated_at")


class Grouped(NamedTuple):
    """What some users did on a day. Movies are numbers, places in a list of slugs."""

    watched: Sequence[NDArray[Any]]
    """User, movie, distinct minutes, first and last watch of each (user, movie) watched, once."""
    ratings: NDArray[Any]
    """others.LINE, those of one user in the order of the log."""


def finish(grouped: Grouped, slugs: pa.Array) -> Aggregate:
    """The aggregate of what was grouped; `slugs` are those of its numbers, and maybe others."""
    ratings = grouped.ratings
    used = np.zeros(len(slugs), bool)
    used[grouped.watched[1]] = used[ratings["movie"]] = True
    words = np.array(slugs.filter(pa.array(used)).to_pylist(), np.bytes_)
    movies = Vocabulary.of(words)
    rank = np.full(len(slugs), -1, np.int32)
    rank[used] = movies.index(words)
    watched = [grouped.watched[0], rank[grouped.watched[1]], *grouped.watched[2:]]
    ratings = ratings.copy()
    ratings["movie"] = rank[ratings["movie"]]
    # Stable: equal times stay in log order, so the last of a pair's run is the last rating.
    ratings = ratings[np.lexsort((ratings["time"], ratings["movie"], ratings["user"]))]
    last = np.ones(len(ratings), bool)
    last[:-1] = (np.diff(ratings["user"]) != 0) | (np.diff(ratings["movie"]) != 0)
    pairs = dict(zip(PAIRS, _join(watched, ratings[last]), strict=True))
    earlier = [ratings[~last][name] for name in ("user", "movie", "rating", "time")]
    return Aggregate(movies.ids, **pairs, **dict(zip(EARLIER, earlier, strict=True)))


def counts_of(
    kinds: Mapping[str, int], duplicates: int, late: int, oldest: int | None, newest: int | None
) -> dict[str, Any]:
    """What is counted of a day: good lines, those of each kind, exact repeats, late ones; the times
    of the first and the last in nanoseconds, 0 where there is none."""
    return {
        "stored": sum(kinds.values()),
        **{kind: kinds.get(kind, 0) for kind in KINDS.values()},
        "duplicates": duplicates,
        "late": late,
        "oldest": oldest or 0,
        "newest": newest or 0,
    }


def joined(parts: Sequence[Grouped]) -> Grouped:
    """Several parts as one; no user stands in two of them."""
    if len(parts) == 1:
        return parts[0]
    watched = [np.concatenate(column) for column in zip(*(p.watched for p in parts), strict=True)]
    return Grouped(watched, np.concatenate([part.ratings for part in parts]))


def dealt(grouped: Grouped, buckets: int) -> list[Grouped]:
    """The parts of it whose users' hashes are 0, 1 … modulo `buckets`."""
    if buckets == 1:
        return [grouped]
    watched = _rows(grouped.watched[0], buckets)
    rated = _rows(grouped.ratings["user"], buckets)
    return [
        Grouped([column[rows] for column in grouped.watched], grouped.ratings[lines])
        for rows, lines in zip(watched, rated, strict=True)
    ]


def bucket_of(user: NDArray[np.int64], buckets: int) -> NDArray[np.uint8]:
    """Which of the buckets, at most 256, each user is in."""
    return (mix(user) % np.uint64(buckets)).astype(np.uint8)


def _rows(user: NDArray[np.int64], buckets: int) -> list[NDArray[np.intp]]:
    """The rows of each bucket, in their order."""
    bucket = bucket_of(user, buckets)
    ends = np.cumsum(np.bincount(bucket, minlength=buckets))[:-1]
    return np.split(np.argsort(bucket, kind="stable"), ends)


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
