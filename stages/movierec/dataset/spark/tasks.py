"""What Spark's tasks run in Python: the lines that are no watch, and the finish of a bucket."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark import TaskContext

from movierec.dataset.buckets import Buckets
from movierec.dataset.finish import Grouped, finish
from movierec.dataset.others import LINE, others, ratings_of, repeats_of

TOLD = (
    "partition int, offset long, movie string, user long, time long, text long, rating float, "
    "kind short, digits short"
)
"""Columns of `told`: those of others.LINE with the movie's slug, and the place in the log."""


def told(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Lines that are no watch, their texts hashed."""
    for batch in batches:
        nowhere = np.full(len(batch), -1, np.int32)
        lines = others(batch, nowhere, np.ones(len(batch), bool))
        columns = {name: batch.column(name) for name in ("partition", "offset", "movie")}
        columns |= {
            "user": lines["user"],
            "time": lines["time"],
            "text": lines["text"].view(np.int64),
            "rating": lines["rating"],
            "kind": lines["kind"].astype(np.int16),
            "digits": lines["digits"].astype(np.int16),
        }
        yield pa.RecordBatch.from_pydict(columns)


def grouped(pairs: pa.Table, rest: pa.Table) -> tuple[Grouped, pa.Array, int]:
    """What some users did, the slugs of its numbers, and how often another line than a watch is
    repeated. `pairs` are those watched, in any order, and `rest` is `told`, in any order."""
    movies = [*pairs["movie"].chunks, *rest["movie"].drop_null().chunks]
    slugs = pc.unique(pa.chunked_array(movies, pa.string()))
    watched = [_numbers(pairs, "user"), _codes(pairs["movie"], slugs)]
    watched += [_numbers(pairs, name) for name in ("minutes", "first", "last")]
    watched[2] = watched[2].astype(np.int32)
    order = np.lexsort((_numbers(rest, "offset"), _numbers(rest, "partition")))
    lines = np.zeros(len(rest), LINE)
    for name in ("user", "time", "rating", "kind", "digits"):
        lines[name] = _numbers(rest, name)
    lines["text"] = _numbers(rest, "text").view(np.uint64)
    lines["movie"] = _codes(rest["movie"], slugs)
    lines = lines[order]
    return Grouped(watched, ratings_of(lines)), slugs, repeats_of(lines)


DONE = "bucket int, attempt long, repeats long"
"""Columns of `finished`."""


NOTHING = (
    Grouped([np.zeros(0, kind) for kind in ("i8", "i4", "i4", "i8", "i8")], np.zeros(0, LINE)),
    pa.array([], pa.string()),
)
"""What `finish` makes the aggregate of nobody of."""


def finished(output: Buckets, key: tuple[pa.Scalar], pairs: pa.Table, rest: pa.Table) -> pa.Table:
    """Finish the bucket `key`, and write it to a place of this attempt."""
    context = TaskContext.get()
    assert context is not None
    attempt = context.taskAttemptId()
    number = key[0].as_py()
    users, slugs, repeats = grouped(pairs, rest)
    output.attempt(attempt).put(number, finish(users, slugs))
    columns = {"bucket": [number], "attempt": [attempt], "repeats": [repeats]}
    types = {"bucket": pa.int32(), "attempt": pa.int64(), "repeats": pa.int64()}
    return pa.table(columns, pa.schema(types))


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    numbers: NDArray[Any] = table[name].to_numpy()
    return numbers


def _codes(movies: pa.ChunkedArray, slugs: pa.Array) -> NDArray[np.int32]:
    """The place of each movie among the slugs, -1 for none."""
    found = pc.index_in(movies, value_set=slugs, skip_nulls=True).fill_null(-1)
    codes: NDArray[np.int32] = found.to_numpy().astype(np.int32)
    return codes
