"""The lines of a day that are no watch: ratings, requests, new accounts. One in seventy is."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.distinct import distinct
from movierec.hashing import hash_text, mix
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
    numbers: NDArray[Any] = batch.column(name).fill_null(0).to_numpy(zero_copy_only=False)
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
    texts = batch.column("text").take(pa.array(taken)).fill_null("").to_pylist()
    lines["text"] = [hash_text(text) for text in texts]
    rated = np.flatnonzero(lines["kind"] == RATING)
    lines["rating"][rated] = [float(texts[row]) for row in rated.tolist()]
    return lines


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
