"""Segments: what the collector writes while a day is open.

    <root>/<topic>/segments/<partition>/<start offset, 20 digits>.parquet

A segment holds the lines of the offsets [start, end) of one partition and never changes.
Segments form a chain: the first starts at the base (0 at first), each next one where the
one before ends. Only the chain counts, so progress is a fact of the disk:

- a segment is linked to its final name without replacing. Of two writers that start at
  the same end of the chain exactly one wins; the other gets AlreadyWritten;
- a file off the chain (a stale writer's, after its partition moved on) is never read;
- a gap (offsets the broker no longer has) is a link of the chain like any other;
- the base moves up, past segments whose rows are all in closed days, by a file
  `<base>.base`; the highest one counts. Then segments below it may go.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from movierec.errors import AlreadyWritten, CorruptFile
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.rows import ROWS
from movierec.store.durable import make_folder, publish_file, remove_temporaries, sync_folder
from movierec.store.rowfile import RowGroups, open_writer
from movierec.times import DAY

FORMAT = 1
FACTS = "movierec.segment"


@dataclass(frozen=True)
class Segment:
    """What a segment's footer says; every field follows from its rows."""

    path: Path
    start: int
    end: int
    rows: int
    max_time: int | None
    """Latest event time, ns; None without a good line."""
    dates: Mapping[int, int]
    """Good lines a day (days since 1970)."""
    counts: Mapping[str, int]
    """Lines of each kind, and `rejected`."""
    gap: bool
    """The broker no longer had these offsets: nothing is known of their lines."""


@dataclass(frozen=True)
class Chain:
    """The segments of a partition, in order, without a hole from `base` to `end`."""

    base: int
    watermark: int | None
    """Latest event time below the base, ns; None when there was none."""
    segments: list[Segment]

    @property
    def end(self) -> int:
        """The next offset to read."""
        return self.segments[-1].end if self.segments else self.base


def segments_folder(root: Path, topic: str, partition: int) -> Path:
    """Where the segments of a partition live."""
    return root / topic / "segments" / str(partition)


def claim_partition(root: Path, topic: str, partition: int) -> int | None:
    """`resume_offset`, for the new owner of a partition: call it on assignment.

    Also removes what died writers left and makes durable what they linked.
    """
    folder = segments_folder(root, topic, partition)
    make_folder(folder)
    remove_temporaries(folder)
    sync_folder(folder)
    return resume_offset(root, topic, partition)


def resume_offset(root: Path, topic: str, partition: int) -> int | None:
    """The next offset that the store lacks; None when it holds nothing of the partition.

    A chain begins at offset 0. When the broker's first offset is above
    `resume_offset() or 0`, the lines between are gone: `write_gap`.
    Raises CorruptFile when a segment does not verify.
    """
    chain = read_chain(root, topic, partition)
    return chain.end or None


def write_segment(
    root: Path, topic: str, partition: int, start: int, end: int, rows: pa.Table
) -> Segment:
    """Store `rows` (schema ROWS) as the offsets [start, end), durably, once.

    `start` is where the last segment ended, `end` the next offset to read (past holes
    that the broker left, so it may exceed the last row's offset + 1; a segment may have
    no row). Raises AlreadyWritten when the store's end is not `start` any more, OSError
    when the disk fails: end the program then.
    """
    if not rows.schema.equals(ROWS):
        raise ValueError(f"rows of schema {rows.schema}; expected rows.ROWS")
    offsets = rows.column("offset").to_numpy()
    if rows.num_rows and not (
        start <= offsets[0] and offsets[-1] < end and bool((offsets[1:] > offsets[:-1]).all())
    ):
        raise ValueError(f"offsets of {topic}/{partition} do not ascend within [{start}, {end})")
    facts = _facts_of(topic, partition, start, end, rows, gap=False)
    return _publish(root, topic, partition, facts, rows)


def write_gap(root: Path, topic: str, partition: int, start: int, end: int) -> Segment:
    """Record, durably and once, that the offsets [start, end) can no longer be had.

    The gap reaches the manifest of the day that closes over it. Raises as `write_segment`.
    """
    rows = ROWS.empty_table()
    facts = _facts_of(topic, partition, start, end, rows, gap=True)
    return _publish(root, topic, partition, facts, rows)


def _publish(
    root: Path, topic: str, partition: int, facts: dict[str, Any], rows: pa.Table
) -> Segment:
    start, end = facts["start"], facts["end"]
    if not 0 <= start < end:
        raise ValueError(f"a segment must hold some offsets, got [{start}, {end})")
    refused = AlreadyWritten(f"{topic}/{partition}: the store no longer ends at offset {start}")
    folder = segments_folder(root, topic, partition)
    make_folder(folder)
    if not _ends_at(root, topic, partition, start):
        raise refused
    path = folder / _name(start)
    try:
        publish_file(path, lambda file: _write(file, facts, rows))
    except (FileExistsError, FileNotFoundError):
        raise refused from None
    if read_base(folder)[0] > start:  # we slept, and the day of these offsets has closed
        path.unlink(missing_ok=True)
        raise refused
    return _segment(path, facts)


def _ends_at(root: Path, topic: str, partition: int, start: int) -> bool:
    return read_chain(root, topic, partition).end == start


def _write(file: BinaryIO, facts: dict[str, Any], rows: pa.Table) -> None:
    with open_writer(file, ROWS) as writer:
        groups = RowGroups(writer)
        groups.add(rows)
        groups.flush()
        writer.add_key_value_metadata({FACTS: json.dumps(facts, sort_keys=True)})


def _facts_of(
    topic: str, partition: int, start: int, end: int, rows: pa.Table, *, gap: bool
) -> dict[str, Any]:
    times = rows.column("time").drop_null()
    dates = pc.value_counts(pc.divide(times, DAY)).to_pylist()
    kinds = {
        entry["values"]: entry["counts"]
        for entry in pc.value_counts(rows.column("kind")).to_pylist()
    }
    names = {**KINDS, REJECTED: "rejected"}
    return {
        "format": FORMAT,
        "topic": topic,
        "partition": partition,
        "start": start,
        "end": end,
        "rows": rows.num_rows,
        "max_time": pc.max(times).as_py(),
        "dates": {str(entry["values"]): entry["counts"] for entry in dates},
        "counts": {names[kind]: count for kind, count in kinds.items()},
        "gap": gap,
    }


def read_chain(root: Path, topic: str, partition: int) -> Chain:
    """The chain of a partition as its footers tell it. Raises CorruptFile."""
    folder = segments_folder(root, topic, partition)
    while True:
        base, watermark = read_base(folder)
        segments: list[Segment] = []
        end = base
        while (segment := _read(folder / _name(end), topic, partition)) is not None:
            segments.append(segment)
            end = segment.end
        if read_base(folder)[0] == base:  # else segments went while we walked
            return Chain(base, watermark, segments)


def _read(path: Path, topic: str, partition: int) -> Segment | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    try:
        facts = _read_facts(path, status.st_ino, status.st_size, status.st_mtime_ns)
        wanted = (FORMAT, topic, partition, int(path.stem))
        got = tuple(facts[key] for key in ("format", "topic", "partition", "start"))
        if got != wanted or facts["end"] <= facts["start"]:
            raise ValueError(f"it says {got}, expected {wanted}")
        return _segment(path, facts)
    except FileNotFoundError:
        return None
    except (pa.ArrowInvalid, OSError, KeyError, ValueError, TypeError) as error:
        raise CorruptFile(
            f"{path}: not a segment ({error}); move it away, and the collector reads its "
            "offsets again"
        ) from None


@lru_cache(maxsize=1 << 17)
def _read_facts(path: Path, inode: int, size: int, modified: int) -> dict[str, Any]:
    """The footer of a file; inode, size and time tell one file of this name from another."""
    metadata = pq.read_metadata(path)
    facts: dict[str, Any] = json.loads(metadata.metadata[FACTS.encode()])
    if facts["rows"] != metadata.num_rows:
        raise ValueError(f"{metadata.num_rows} rows, its facts say {facts['rows']}")
    return facts


def _segment(path: Path, facts: Mapping[str, Any]) -> Segment:
    return Segment(
        path,
        facts["start"],
        facts["end"],
        facts["rows"],
        facts["max_time"],
        {int(day): count for day, count in facts["dates"].items()},
        facts["counts"],
        facts["gap"],
    )


def _name(start: int) -> str:
    return f"{start:020d}.parquet"


def read_base(folder: Path) -> tuple[int, int | None]:
    """Where a partition's chain begins, and the latest event time below it."""
    while True:
        bases = sorted(folder.glob("*.base"))
        if not bases:
            return 0, None
        try:
            return int(bases[-1].stem), json.loads(bases[-1].read_text())["watermark"]
        except FileNotFoundError:  # a higher base took its place
            continue
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptFile(
                f"{bases[-1]}: not a base ({error}); restore it from a backup"
            ) from None


def move_base(folder: Path, base: int, watermark: int | None) -> list[str]:
    """Move a chain's base up to `base` and remove what lies below; the names removed.

    Only for segments whose rows are all in closed, durable days.
    """
    text = json.dumps({"watermark": watermark}).encode()
    try:
        publish_file(folder / f"{base:020d}.base", lambda file: file.write(text))
    except (FileExistsError, FileNotFoundError):
        sync_folder(folder)  # another closer moves it too
    highest = read_base(folder)[0]
    below = [p for p in folder.iterdir() if p.stem.isdecimal() and int(p.stem) < highest]
    for path in below:
        path.unlink(missing_ok=True)
    return sorted(path.name for path in below)


def partitions_of(root: Path, topic: str) -> list[int]:
    """The partitions that have a folder of segments."""
    folder = root / topic / "segments"
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
