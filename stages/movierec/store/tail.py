"""The tail of a partition: where its one owner writes.

- A segment is put under its start offset without replacing. Of two writers that hold the same
  tail exactly one wins; the other gets AlreadyWritten.
- The owner knows where the chain ends, so a write looks at two names and never at the chain:
  it costs the same however many segments the day has.
- A writer that slept until the day of its offsets was closed and its segments removed would
  find its name free. The base can have passed it only by a closing that was done meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from movierec.errors import AlreadyWritten
from movierec.lines.rows import ROWS
from movierec.store.chain import Chain, read_base, read_chain
from movierec.store.decisions import is_done, last_done
from movierec.store.segments import (
    Segment,
    facts_of,
    partition_at,
    segment_of,
    write_segment,
)


@dataclass(frozen=True)
class Written:
    """What became of one write."""

    segment: Segment
    counts: Mapping[str, int]
    """Lines of each kind, and `rejected`."""
    bytes: int


class Tail:
    """The end of a partition's chain, in the hands of its owner. Made by `claim_partition`."""

    def __init__(self, found: Chain, closed: int) -> None:
        self.partition = found.partition
        self.end = found.end
        """The next offset that the store lacks."""
        self.found: Chain | None = found
        """The chain as it was claimed, for who wants it (`Chains`): no footer is read twice."""
        self._closed = closed

    def write(self, end: int, rows: pa.Table) -> Written:
        """Store `rows` (schema ROWS) as the offsets [self.end, end), durably, once.

        `end` is the next offset to read (past holes that the broker left, so it may exceed
        the last row's offset + 1; a segment may have no row). Raises AlreadyWritten when the
        store's end is not ours any more, OSError when the disk fails: end the program then.
        """
        if not rows.schema.equals(ROWS):
            raise ValueError(f"rows of schema {rows.schema}; expected rows.ROWS")
        offsets = rows.column("offset").to_numpy()
        ascend = bool((offsets[1:] > offsets[:-1]).all())
        if rows.num_rows and not (self.end <= offsets[0] and offsets[-1] < end and ascend):
            raise ValueError(
                f"offsets of {self.partition} do not ascend within [{self.end}, {end})"
            )
        return self._put(end, rows, gap=False)

    def write_gap(self, end: int) -> Written:
        """Record, durably and once, that the offsets [self.end, end) can no longer be had.

        The gap reaches the manifest of the day that closes over it. Raises as `write`.
        """
        return self._put(end, ROWS.empty_table(), gap=True)

    def _put(self, end: int, rows: pa.Table, *, gap: bool) -> Written:
        start, name = self.end, self.partition.name(self.end)
        if end <= start:
            raise ValueError(f"a segment must hold some offsets, got [{start}, {end})")
        refused = AlreadyWritten(f"{self.partition}: the store no longer ends at offset {start}")
        facts = facts_of(self.partition, start, end, rows, gap=gap)

        def fill(file: Any) -> None:
            write_segment(file, facts, rows)

        try:
            size = self.partition.storage.put_new(name, fill)
        except (FileExistsError, FileNotFoundError):
            raise refused from None
        if self._was_passed(start):
            self.partition.storage.remove(name)
            raise refused
        self.end = end
        return Written(segment_of(facts), facts["counts"], size)

    def _was_passed(self, start: int) -> bool:
        """Whether the base lies above `start`: we slept, and the day of these offsets closed."""
        storage, topic = self.partition.storage, self.partition.topic
        if not is_done(storage, topic, self._closed + 1):
            return False
        self._closed = last_done(storage, topic)
        return read_base(self.partition) > start


def claim_partition(root: Path, topic: str, number: int) -> Tail:
    """The tail of a partition, for its new owner: call it on assignment.

    Also removes what died writers left and makes durable what they put. A chain begins at
    offset 0: when the broker's first offset is above the tail's end, the lines between are
    gone (`Tail.write_gap`). Raises CorruptFile when a segment does not verify.
    """
    partition = partition_at(root, topic, number)
    partition.storage.names(partition.folder, settle=True)
    closed = last_done(partition.storage, topic)  # before the walk: what is done later is seen
    return Tail(read_chain(partition), closed)
