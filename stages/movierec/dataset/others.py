"""The lines of a day that are no watch: ratings, requests, new accounts. One in seventy is."""

from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.distinct import distinct
from movierec.hashing import mix
from movierec.lines.kinds import RATING, WATCH

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


def column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """A column of numbers, 0 where there is none."""
    numbers: NDArray[Any] = _filled(batch.column(name), 0).to_numpy()
    return numbers


def others(
    batch: pa.RecordBatch, movie: NDArray[np.int32], where: NDArray[np.bool_]
) -> NDArray[Any]:
    """The lines of a batch (schema rows.STORED) that are no watch, of those of `where`, as LINE.

    `movie` are numbers, -1 for none. Texts, which are long, are kept as hashes: by those equal
    lines are told.
    """
    taken = np.flatnonzero(where & (column(batch, "kind") != WATCH))
    lines = np.zeros(len(taken), LINE)
    for name in ("kind", "time", "digits", "user"):
        lines[name] = column(batch, name)[taken]
    lines["movie"] = movie[taken]
    texts = _filled(batch.column("text").take(pa.array(taken)), "")
    lines["text"] = hashes(texts)
    rated = lines["kind"] == RATING
    lines["rating"][rated] = [float(text) for text in texts.filter(pa.array(rated)).to_pylist()]
    return lines


def hashes(texts: pa.Array) -> NDArray[np.uint64]:
    """64 bits of each text's BLAKE2b, of the bytes as they lie there.

    >>> f"{hashes(pa.array(['', 'svd']))[1]:016x}"
    '30064efd3f75686a'
    """
    _, places, content = texts.buffers()
    held = memoryview(content or b"")
    ends = np.frombuffer(places, np.int32)[texts.offset :][: len(texts) + 1].tolist()
    digests = (blake2b(held[start:end], digest_size=8).digest() for start, end in pairwise(ends))
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def _filled(values: pa.Array, empty: Any) -> pa.Array:
    """`values` with `empty` for nulls: themselves where there is none, which is no work."""
    return values.fill_null(empty) if values.null_count else values


def ratings_of(lines: NDArray[Any]) -> NDArray[Any]:
    """The ratings among them, in the order in which the lines stand."""
    chosen: NDArray[Any] = lines[lines["kind"] == RATING]
    return chosen


def repeats_of(lines: NDArray[Any]) -> int:
    """How many of them stand there for the second time or more."""
    value = np.zeros(len(lines), np.uint64)
    for name in ("user", "time", "text", "movie", "kind", "digits"):
        value = mix(value ^ lines[name].astype(np.uint64))
    return len(lines) - len(distinct(value))
