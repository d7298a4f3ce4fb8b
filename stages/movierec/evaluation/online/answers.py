"""Rows of the served log → arrays of the answers. Pure.

An answer's line may be logged twice, and is then the same to the byte; a request id is the
caller's, who may repeat it, and tells no two answers apart.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from numpy.typing import NDArray

from movierec.evaluation.online.latest import Ints, Latest
from movierec.lines.kinds import SERVED

LINE = pa.schema(
    [
        ("model", pa.string()),
        ("arm", pa.string()),
        ("tier", pa.string()),
        ("ids", pa.list_(pa.string())),
        ("ratings", pa.list_(pa.float64())),
    ]
)
"""What is read of a line; its time and user are columns of the row."""
THOUSAND = 1000
NO_PREDICTION = np.iinfo(np.int32).min


class Codes:
    """Numbers of texts, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def texts(self) -> list[str]:
        """The text of each number."""
        return list(self._numbers)

    def of(self, column: pa.Array) -> NDArray[np.int32]:
        """The number of each text of a column, plain or as a dictionary, without nulls."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        numbers, known = self._numbers, column.dictionary.to_pylist()
        table = np.array([numbers.setdefault(text, len(numbers)) for text in known], np.int32)
        found: NDArray[np.int32] = table[column.indices.to_numpy(zero_copy_only=False)]
        return found


@dataclass(frozen=True)
class Answers:
    """Each answer once, by user, then time. Models, arms and tiers are places in `names`."""

    user: Ints
    time: Ints
    earlier: NDArray[np.bool_]
    """Whether the day before holds it."""
    model: NDArray[np.int32]
    arm: NDArray[np.int32]
    tier: NDArray[np.int32]
    list_key: NDArray[np.uint64]
    """Equal for the same list to the same user."""
    starts: Ints
    """(n + 1,) where each answer's part of `movie` and `predicted` begins."""
    movie: NDArray[np.int32]
    """Ascending within an answer."""
    predicted: NDArray[np.int32]
    """Thousandths of a rating, or NO_PREDICTION."""
    names: dict[str, list[str]]
    """model, arm, tier → the names."""
    lines: tuple[int, int]
    """How many lines there were in the day before, and in the day."""

    def __len__(self) -> int:
        return len(self.user)

    @cached_property
    def latest(self) -> Latest:
        """Finds the answer that a user had at a moment."""
        return Latest(self.user, self.time)

    @cached_property
    def owner(self) -> Ints:
        """The answer of each entry of `movie`."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def _offers(self) -> Ints:
        return self.owner * np.int64(self._width) + self.movie

    @property
    def _width(self) -> int:
        return int(self.movie.max(initial=-1)) + 1

    def offer(self, answers: Ints, movies: Ints) -> Ints:
        """Where in `movie` an answer offers a movie, or −1; an answer of −1 offers nothing."""
        known = (answers >= 0) & (movies >= 0) & (movies < self._width)
        place = np.full(len(answers), -1, np.int64)
        wanted = answers[known] * np.int64(self._width) + movies[known]
        found = np.searchsorted(self._offers, wanted)
        found[found == len(self._offers)] = 0
        place[known] = np.where(self._offers[found] == wanted, found, -1) if len(found) else -1
        return place

    @cached_property
    def repeated(self) -> NDArray[np.bool_]:
        """Which are the list that their user got the time before, whoever gave that one."""
        again = np.zeros(len(self), dtype=bool)
        again[1:] = self.list_key[1:] == self.list_key[:-1]  # keys of two users differ
        return again


def read_answers(
    before: Iterable[pa.RecordBatch], day: Iterable[pa.RecordBatch], movies: Codes
) -> Answers:
    """The answers among the rows of a day and of the one before; `movies` numbers their ids."""
    codes = {name: Codes() for name in ("model", "arm", "tier")}
    parts = [
        [_columns(batch, codes, movies) for batch in rows if batch.num_rows]
        for rows in (before, day)
    ]
    n = [sum(len(part["time"]) for part in some) for some in parts]
    flat = [*parts[0], *parts[1]] or [_columns(_nothing(), codes, movies)]
    table = {name: np.concatenate([part[name] for part in flat]) for name in flat[0]}
    table["earlier"] = np.arange(sum(n)) < n[0]
    order = np.lexsort((~table["earlier"], table["line"], table["time"], table["user"]))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = np.any([np.diff(table[k][order]) != 0 for k in ("user", "time", "line")], axis=0)
    return _answers(table, order[fresh], {name: code.texts for name, code in codes.items()}, n)


def _answers(
    table: dict[str, NDArray[Any]], rows: Ints, names: dict[str, list[str]], n: Sequence[int]
) -> Answers:
    """Of a table whose lists lie one after the other the `rows`, in their order."""
    length = table["length"][rows]
    starts = np.concatenate([[0], np.cumsum(length)])
    first = (np.cumsum(table["length"]) - table["length"])[rows]
    entries = np.arange(starts[-1]) + np.repeat(first - starts[:-1], length)
    movie = table["movie"][entries]
    inside = np.lexsort((movie, np.repeat(np.arange(len(rows)), length)))
    kept = ("user", "time", "earlier", "model", "arm", "tier", "list_key")
    return Answers(
        **{name: table[name][rows] for name in kept},
        starts=starts,
        movie=movie[inside],
        predicted=table["predicted"][entries][inside],
        names=names,
        lines=(n[0], n[1]),
    )


def sorted_names(answers: Answers) -> Answers:
    """The same with names in ascending order, whatever came first."""
    ranks = {name: np.argsort(np.argsort(texts)) for name, texts in answers.names.items()}
    codes = {name: rank.astype(np.int32)[getattr(answers, name)] for name, rank in ranks.items()}
    names = {name: sorted(texts) for name, texts in answers.names.items()}
    return replace(answers, names=names, **codes)


def _columns(
    batch: pa.RecordBatch, codes: dict[str, Codes], movies: Codes
) -> dict[str, NDArray[Any]]:
    """The answers of a batch as arrays; `movie` and `predicted` are of all lists, end to end."""
    rows = batch.filter(pc.equal(batch["kind"], SERVED))
    texts = rows["text"].to_pylist()
    lines = _parsed(texts)
    ids, users = lines["ids"].combine_chunks(), _numpy(rows["user"])
    length = _numpy(pc.list_value_length(ids)).astype(np.int64)
    named = {name: code.of(lines[name].combine_chunks()) for name, code in codes.items()}
    return named | {
        "user": users,
        "time": _numpy(rows["time"]),
        "line": _hashes(texts),
        "list_key": list_keys(users, pc.binary_join(ids, ",")),
        "length": length,
        "movie": movies.of(ids.flatten()),
        "predicted": _predicted(lines["ratings"].combine_chunks(), length),
    }


def _predicted(ratings: pa.ListArray, length: Ints) -> NDArray[np.int32]:
    """Thousandths of the predicted ratings, where a line has them."""
    predicted = np.full(length.sum(), NO_PREDICTION, np.int32)
    told = np.repeat(_numpy(pc.is_valid(ratings)), length)
    predicted[told] = np.rint(_numpy(ratings.flatten()) * THOUSAND)
    return predicted


def list_keys(users: NDArray[Any], lists: pa.Array) -> NDArray[np.uint64]:
    """A number of 64 bits for each user with a list, ids joined by `,`: of a million a night two
    share one once in tens of millions of nights."""
    pairs = zip(users.tolist(), lists.to_pylist(), strict=True)
    return _hashes(f"{user},{ids}" for user, ids in pairs)


def _hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    digests = (blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), "<u8")


def _parsed(texts: list[str]) -> pa.Table:
    """The JSON lines as a table with the columns of LINE."""
    if not texts:
        return LINE.empty_table()
    return pa.json.read_json(
        io.BytesIO("\n".join(texts).encode()),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=1 << 24),
        parse_options=pa.json.ParseOptions(
            explicit_schema=LINE, unexpected_field_behavior="ignore"
        ),
    )


def _nothing() -> pa.RecordBatch:
    columns = {"kind": pa.uint8(), "time": pa.int64(), "user": pa.int64(), "text": pa.string()}
    return pa.RecordBatch.from_pylist([], pa.schema(list(columns.items())))


def _numpy(column: Any) -> NDArray[Any]:
    array: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return array
