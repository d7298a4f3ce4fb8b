"""A table's rows → arrays, a block at a time: of a row some 18 bytes stay.

pyarrow reads. What it cannot read, or what is no rating, is looked up by a second, slow reading,
which names the line.
"""

import contextlib
import io
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from infra.simulator.table.columns import Columns
from infra.simulator.table.dialect import Dialect
from infra.simulator.table.ids import Ids
from infra.simulator.table.text import STAND_IN, Text, delimiter_of, records
from infra.simulator.table.times import Parsed, is_iso, parse_iso, parse_numbers
from infra.simulator.table.values import Value, Zeros, value_of
from movierec.errors import BadInput

BLOCK_BYTES = 4 << 20
HEAD = 60
"""So much of a refused line is quoted."""


class Table(NamedTuple):
    """A table of ratings that is there, and how it is to be read."""

    path: Path
    dialect: Dialect
    columns: Columns
    zeros: Zeros

    def line(self, row: int) -> tuple[int, list[str]]:
        """The line of the file that a row (from 0) begins on, and its fields."""
        wanted = row + self.columns.header
        for place, record in enumerate(records(self.path, self.dialect.separator)):
            if place == wanted:
                return record
        raise ValueError(f"row {row} of {self.path}")

    def refuse(self, row: int, reason: str) -> NoReturn:
        """Raises BadInput, naming the row's line, its head and why it is refused."""
        self.refuse_line(*self.line(row), reason)

    def refuse_line(self, line: int, fields: list[str], reason: str) -> NoReturn:
        """Raises BadInput for a line."""
        head = self.dialect.separator.join(fields)
        head = head if len(head) <= HEAD else f"{head[:HEAD]}…"
        why = reason if fields else "an empty line in the middle"
        raise BadInput(f"{self.path}: line {line}, {head!r}: {why}")


class Rows(NamedTuple):
    """n rows in the order of the file."""

    users: NDArray[np.int32]
    """Place in `user_ids`."""
    user_ids: list[str]
    movies: NDArray[np.int32]
    """Place in `movie_ids`."""
    movie_ids: list[str]
    hundredths: NDArray[np.int16]
    """NONE where the movie was watched and not rated."""
    times: NDArray[np.int64] | None
    """As numbers in the file's unit, ISO 8601 in seconds; None without a column of them."""
    rounded: int
    """Rows whose rating has more than two decimals in the file."""
    within: int
    """Line ends within fields: right for a field of several lines, else a quote is not closed."""


def read_rows(table: Table) -> Rows:
    """All rows. Raises BadInput, naming the line, for one that is no rating."""
    reader = _Reader(table)
    text = Text(table.path, table.dialect.separator)
    with contextlib.closing(_batches(table, text)) as batches:
        parts = [reader.part(batch) for batch in batches]
    users, movies, hundredths, times = (
        np.concatenate([part.pop() for part in parts]) for _ in range(4)
    )
    user_ids, movie_ids = list(reader.users.numbers), list(reader.movies.numbers)
    timed = times if table.columns.time is not None else None
    within = text.lines - table.columns.header - len(users)
    return Rows(users, user_ids, movies, movie_ids, hundredths, timed, reader.rounded, within)


def time_kind(table: Table) -> bool:
    """Whether the times are ISO 8601: as the first one is written."""
    at = table.columns.time
    rows = table.dialect.rows[table.columns.header :]
    return at is not None and bool(rows) and len(rows[0]) > at and is_iso(rows[0][at].strip())


class _Reader:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.users, self.movies = (Ids(table.dialect.separator, STAND_IN) for _ in range(2))
        self.rounded = 0
        self._values: dict[str, Value] = {}
        self._iso = time_kind(table)
        self._row = 0

    def part(self, batch: pa.RecordBatch) -> list[NDArray[Any]]:
        """times, hundredths, movies and users of a batch: the last one is taken first."""
        columns = self.table.columns
        users = self._ids(batch.column(str(columns.user)), self.users, "user")
        movies = self._ids(batch.column(str(columns.movie)), self.movies, "movie")
        hundredths = self._ratings(batch.column(str(columns.rating)))
        times = np.empty(0, np.int64)
        if columns.time is not None:
            times = self._times(batch.column(str(columns.time)))
        self._row += batch.num_rows
        return [times, hundredths, movies, users]

    def _ids(self, column: pa.DictionaryArray, ids: Ids, role: str) -> NDArray[np.int32]:
        of_each = ids.number(column.dictionary.to_pylist())
        numbers: NDArray[np.int32] = of_each[column.indices.to_numpy()]
        if len(numbers) and numbers.min() < 0:
            bad = int(np.argmin(numbers))
            self._refuse(bad, f"the {role} is empty or holds a control character")
        return numbers

    def _ratings(self, column: pa.DictionaryArray) -> NDArray[np.int16]:
        for text in column.dictionary.to_pylist():
            if text not in self._values:
                self._values[text] = value_of(text, self.table.zeros)
        values = [self._values[text] for text in column.dictionary.to_pylist()]
        index = column.indices.to_numpy()
        faulty = np.array([bool(value.fault) for value in values], bool)[index]
        if faulty.any():
            bad = int(np.argmax(faulty))
            self._refuse(bad, values[int(index[bad])].fault)
        self.rounded += int(np.array([value.rounded for value in values], bool)[index].sum())
        hundredths: NDArray[np.int16] = np.array([v.hundredths for v in values], np.int16)[index]
        return hundredths

    def _times(self, column: pa.StringArray) -> NDArray[np.int64]:
        parsed: Parsed = (parse_iso if self._iso else parse_numbers)(column)
        if parsed.bad is not None:
            form = "not ISO 8601" if self._iso else "no number of s, ms, µs or ns"
            form += ", as the first one is"
            if self._row + parsed.bad == 0:
                form = "neither a number of s, ms, µs or ns nor ISO 8601"
            text = column[parsed.bad].as_py()
            why = f"the time {text[:30]!r} is {form}; --time none takes the file's order"
            self._refuse(parsed.bad, why)
        return parsed.numbers

    def _refuse(self, row: int, reason: str) -> NoReturn:
        self.table.refuse(self._row + row, reason)


def _batches(table: Table, text: Text) -> Generator[pa.RecordBatch, None, None]:
    """The columns that are needed, by their number; empty lines are rows of empty fields.

    pyarrow reads ahead on a thread of its own: closed early, this waits until that has seen the
    end, or the thread would be in Python's way when it exits.
    """
    columns, separator = table.columns, table.dialect.separator
    id = pa.dictionary(pa.int32(), pa.string())
    types = {str(at): id for at in (columns.user, columns.movie, columns.rating)}
    if columns.time is not None:
        types[str(columns.time)] = pa.string()
    with io.BufferedReader(text) as file:  # pyarrow takes a short read for a whole block
        try:
            reader = pyarrow.csv.open_csv(
                file,
                pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    column_names=[str(at) for at in range(len(columns.names))],
                    skip_rows=int(columns.header),
                ),
                pyarrow.csv.ParseOptions(
                    delimiter=delimiter_of(separator),
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                ),
                pyarrow.csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
            try:
                yield from reader
            except GeneratorExit:
                text.end()
                with contextlib.suppress(pa.ArrowInvalid):  # of a line that is cut off
                    for _ in reader:
                        pass
                raise
        except pa.ArrowInvalid as error:
            raise _misfit(table, error) from None


def _misfit(table: Table, error: pa.ArrowInvalid) -> BadInput:
    """What to say of a table that pyarrow gave up: which line has not as many fields."""
    width = len(table.columns.names)
    try:
        for line, fields in records(table.path, table.dialect.separator):
            if fields and len(fields) != width:
                table.refuse_line(line, fields, f"{len(fields)} columns, expected {width}")
    except BadInput as found:
        return found
    return BadInput(f"{table.path}: {error}")
