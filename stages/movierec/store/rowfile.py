"""Rows ↔ Parquet, with every writer setting pinned so that the same rows give the same bytes."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GROUP_ROWS = 1 << 18
GROUP_BYTES = 64 << 20
"""A row group ends after so many rows, or when its texts and raw bytes reach so much."""

DELTA = ("partition", "offset", "time", "minute")
DICTIONARY = ("kind", "digits", "user", "movie", "reason")
SETTINGS: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "2.0",
    "compression": "zstd",
    "compression_level": 3,
    "write_statistics": True,
    "write_page_checksum": True,
    "dictionary_pagesize_limit": 16 << 20,
    "data_page_size": 1 << 20,
    "write_batch_size": 1024,
}


def open_writer(file: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer of rows; the caller closes it, then fsyncs the file."""
    names = set(schema.names)
    return pq.ParquetWriter(
        file,
        schema,
        use_dictionary=[name for name in DICTIONARY if name in names],
        column_encoding={name: "DELTA_BINARY_PACKED" for name in DELTA if name in names},
        **SETTINGS,
    )


class RowGroups:
    """Cuts a stream of tables into row groups that depend on the rows alone.

    Where one table ended and the next began leaves no trace. Holds one row group.
    """

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self.writer = writer
        self.waiting: list[pa.Table] = []
        self.rows = 0
        self.bytes = 0

    def add(self, table: pa.Table) -> None:
        """Take more rows, writing the row groups that they complete."""
        weights = np.cumsum(_weights(table))
        done = 0
        while done < table.num_rows:
            before = weights[done - 1] if done else 0
            full = int(np.searchsorted(weights, GROUP_BYTES - self.bytes + before)) + 1
            end = min(table.num_rows, done + GROUP_ROWS - self.rows, full)
            self.waiting.append(table.slice(done, end - done))
            self.rows += end - done
            self.bytes += int(weights[end - 1] - before)
            done = end
            if self.rows == GROUP_ROWS or self.bytes >= GROUP_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write what waits as the last row group."""
        if self.rows:
            group = pa.concat_tables(self.waiting)
            self.writer.write_table(plain(group), row_group_size=GROUP_ROWS)
        self.waiting, self.rows, self.bytes = [], 0, 0


def plain(group: pa.Table) -> pa.Table:
    """The rows in one chunk, each dictionary in order of first use: by the numbers of its words
    alone, so that no text is looked at."""
    for index, field in enumerate(group.schema):
        if pa.types.is_dictionary(field.type):
            column = group.column(index).unify_dictionaries().combine_chunks()
            used = column.indices.dictionary_encode()
            words = column.dictionary.take(used.dictionary)
            numbered = pa.DictionaryArray.from_arrays(used.indices, words)
            group = group.set_column(index, field, numbered)
    return group.combine_chunks()


def _weights(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Bytes of text and raw values a row."""
    total = np.zeros(table.num_rows, np.int64)
    for name in {"text", "raw"} & set(table.schema.names):
        lengths = pc.fill_null(pc.binary_length(table.column(name)), 0)
        total += lengths.to_numpy().astype(np.int64)
    return total


def read_groups(file: pq.ParquetFile, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of a file, one after the other."""
    for index in range(file.num_row_groups):
        yield file.read_row_group(index, columns=columns, use_threads=False)
