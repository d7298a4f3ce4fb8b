"""The lines that no closed day holds yet, as readers see them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from movierec.errors import CorruptFile
from movierec.lines.kinds import REJECTED
from movierec.lines.rows import STORED, facts_of_long
from movierec.store.chain import read_chain
from movierec.store.decisions import last_closing
from movierec.store.placing import rows_between
from movierec.store.segments import partitions_at, partitions_of
from movierec.store.storage import at


def open_rows(root: Path, topic: str) -> pa.Table:
    """The good lines (schema `rows.STORED`) that no closed day holds yet.

    Sorted by partition, then offset. A consistent picture even while days close.
    """
    tables = [
        _stored(partition, rows.filter(pc.not_equal(rows.column("kind"), REJECTED)))
        for partition, rows in _open(root, topic)
    ]
    return pa.concat_tables([STORED.empty_table(), *tables]).unify_dictionaries()


def open_rejected(root: Path, topic: str) -> Iterator[dict[str, Any]]:
    """The refused lines that no closed day holds yet, as `days.read_rejected` gives them."""
    for partition, rows in _open(root, topic):
        bad = rows.filter(pc.equal(rows.column("kind"), REJECTED))
        for row in bad.select(["offset", "timestamp", "reason", "raw", "text"]).to_pylist():
            long = facts_of_long(row.pop("text"))
            yield {"partition": partition, **row, **long}


def _stored(partition: int, rows: pa.Table) -> pa.Table:
    number = pa.repeat(pa.scalar(partition, pa.int32()), rows.num_rows)
    return rows.select(STORED.names[1:]).add_column(0, STORED.field(0), number)


def _open(root: Path, topic: str) -> list[tuple[int, pa.Table]]:
    storage = at(root)
    while True:
        last = last_closing(storage, topic)
        try:
            tables = [
                (partition.number, rows)
                for partition in partitions_at(root, topic, partitions_of(root, topic))
                for rows in rows_between(read_chain(partition), last.cut(partition.number), None)
            ]
        except FileNotFoundError as error:
            if last_closing(storage, topic) == last:
                raise CorruptFile(f"{error.filename}: went while it was read; try again") from None
            continue
        if last_closing(storage, topic) == last:
            return tables
