"""A store to try things on: lines put into it, days closed, rows read back."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from movierec.errors import AlreadyWritten
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch, line_of
from movierec.store.chain import read_chain, read_end
from movierec.store.closing import Closer
from movierec.store.openrows import open_rows
from movierec.store.segments import Segment, partition_at
from movierec.store.tail import Written, claim_partition
from movierec.times import DAY, MILLISECOND, day_number

TOPIC = "movielog"
GRACE = 600
NOW = day_number("2026-12-01") * DAY
"""Later than all lines here."""


def rows(lines: Sequence[bytes | None], start: int = 0) -> pa.Table:
    """Lines at consecutive offsets, parsed."""
    n = len(lines)
    offsets = np.arange(start, start + n, dtype=np.int64)
    batch = LineBatch(offsets, np.full(n, -1), pa.array(lines, pa.large_binary()))
    return parse_batch(batch, NOW // MILLISECOND)


def watch(day: int, minute: int, user: int = 1) -> bytes:
    """A line of November 2026."""
    when = f"2026-11-{day:02d}T{minute // 60:02d}:{minute % 60:02d}"
    return f"{when},{user},GET /data/m/jaws+1975/3.mpg".encode()


def put(root: Path, lines: Sequence[bytes | None], start: int = 0, partition: int = 0) -> Written:
    """One segment, by a writer that just claimed the partition and believes it ends at `start`."""
    tail = claim_partition(root, TOPIC, partition)
    if tail.end != start:
        raise AlreadyWritten(f"the store ends at {tail.end}")
    return tail.write(start + len(lines), rows(lines, start))


def close(root: Path, evidence: int = 1, now: int = NOW, **ends: int) -> list[str]:
    """The days that a new closer closes; ends as `p0=3`."""
    manifests = Closer(root, TOPIC, evidence).close_due_days(
        {int(p[1:]): end for p, end in ends.items()}, GRACE, now
    )
    return [manifest["day"] for manifest in manifests]


def stored(root: Path) -> list[bytes | None]:
    """The good lines of no closed day."""
    return [line_of(row) for row in open_rows(root, TOPIC).to_pylist()]


def end_of(root: Path, partition: int = 0) -> int:
    """Where the store ends."""
    return read_end(partition_at(root, TOPIC, partition))


def segments(root: Path, partition: int = 0) -> list[Segment]:
    """The open segments."""
    return read_chain(partition_at(root, TOPIC, partition)).segments


def file_of(root: Path, start: int = 0, partition: int = 0) -> Path:
    """The file of a segment."""
    return root / partition_at(root, TOPIC, partition).name(start)


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
