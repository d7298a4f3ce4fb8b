"""The store: what the collector writes and everybody else reads. This module is its front.

    <root>/<topic>/segments/    what arrived lately, in segments      → segments.py
    <root>/<topic>/days/        closed days, immutable                → days.py
    <root>/<topic>/closings/    which days were closed, at which cuts → closing.py

The collector is the only writer. Readers of closed days alone may import `movierec.store.days`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from movierec.lines.kinds import REJECTED
from movierec.lines.rows import ROWS, STORED
from movierec.store.closing import close_due_days, last_closing
from movierec.store.days import closed_days, read_day, read_manifest, read_rejected, verify_day
from movierec.store.placing import rows_between
from movierec.store.segments import (
    Segment,
    claim_partition,
    partitions_of,
    read_chain,
    resume_offset,
    write_gap,
    write_segment,
)

__all__ = [
    "ROWS",
    "Segment",
    "claim_partition",
    "close_due_days",
    "closed_days",
    "list_segments",
    "open_rows",
    "read_day",
    "read_manifest",
    "read_rejected",
    "resume_offset",
    "verify_day",
    "write_gap",
    "write_segment",
]


def list_segments(root: Path, topic: str, partition: int) -> list[Segment]:
    """The segments of a partition, in order, as their footers describe them."""
    return read_chain(root, topic, partition).segments


def open_rows(root: Path, topic: str) -> pa.Table:
    """The good lines (schema `rows.STORED`) that no closed day holds yet.

    Sorted by partition, then offset. A consistent picture even while days close.
    """
    tables = [
        _stored(partition, rows.filter(pc.not_equal(rows.column("kind"), REJECTED)))
        for partition, rows in _open(root, topic)
    ]
    return pa.concat_tables([STORED.empty_table(), *tables]).unify_dictionaries()


def _stored(partition: int, rows: pa.Table) -> pa.Table:
    number = pa.repeat(pa.scalar(partition, pa.int32()), rows.num_rows)
    return rows.select(STORED.names[1:]).add_column(0, STORED.field(0), number)


def _open(root: Path, topic: str) -> list[tuple[int, pa.Table]]:
    while True:
        last = last_closing(root, topic)
        try:
            tables = list(_open_once(root, topic))
        except FileNotFoundError:
            if last_closing(root, topic) == last:
                raise
            continue
        if last_closing(root, topic) == last:
            return tables


def _open_once(root: Path, topic: str) -> Iterator[tuple[int, pa.Table]]:
    last = last_closing(root, topic)
    for partition in partitions_of(root, topic):
        chain = read_chain(root, topic, partition)
        for rows in rows_between(chain, last.cut(partition), None):
            yield partition, rows


def open_rejected(root: Path, topic: str) -> Iterator[dict[str, Any]]:
    """The refused lines that no closed day holds yet, as `days.read_rejected` gives them."""
    for partition, rows in _open(root, topic):
        bad = rows.filter(pc.equal(rows.column("kind"), REJECTED))
        for row in bad.select(["offset", "timestamp", "reason", "raw"]).to_pylist():
            yield {"partition": partition, **row}
