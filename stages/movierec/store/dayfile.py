"""Puts the three files of one closed day as a stream: memory holds one row group.

Whoever closes the day puts the same rows, so a file that is there already (another closer's,
or one's that died) is as good as ours. The manifest, put last, makes the day. A day of the same
name with other rows is another decision's, from before a part of the store was restored.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from movierec.errors import CorruptFile
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.rows import STORED
from movierec.store.days import (
    DAY_FORMAT,
    LINES,
    MANIFEST,
    REJECTED_LINES,
    day_name_of,
    file_entry,
    rejected_entry,
)
from movierec.store.rowfile import RowGroups, open_writer
from movierec.store.storage import Storage
from movierec.times import DAY, Day, day_name

Manifest = dict[str, Any]
REJECTED_ROWS = 4096
"""Refused lines that are Python objects at a time."""
MEND = "restore days and closings from one backup, or move the folder away and it is made again"


def put_day(
    storage: Storage, topic: str, day: Day, fill: Callable[["DayFile"], None]
) -> Manifest | None:
    """Put the day that `fill` adds up; its manifest, or None when another put that first.

    Raises CorruptFile when there is another day of that name.
    """
    folder = day_name_of(topic, day_name(day))
    made: list[DayFile] = []

    def with_rejected(rejected: BinaryIO) -> None:
        def with_lines(lines: BinaryIO) -> None:
            with open_writer(lines, STORED) as writer:
                made.append(DayFile(topic, day, writer, rejected))
                fill(made[0])
                made[0].groups.flush()

        _put_same(storage, f"{folder}/{LINES}", with_lines)

    _put_same(storage, f"{folder}/{REJECTED_LINES}", with_rejected)
    files = {name: file_entry(storage, f"{folder}/{name}") for name in (LINES, REJECTED_LINES)}
    manifest = made[0].manifest(files)
    _check_rows(storage, folder, manifest)
    text = json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"
    try:
        storage.put_new(f"{folder}/{MANIFEST}", lambda file: file.write(text))
    except FileExistsError:
        with storage.open(f"{folder}/{MANIFEST}") as file:
            same = _rows_of(file.read()) == _rows_of(text)
        if not same:
            raise CorruptFile(f"{folder}: closed already, at other offsets; {MEND}") from None
        return None
    return manifest


def _rows_of(manifest: bytes) -> Manifest | None:
    """What a manifest says of its rows, whatever the bytes of its files; None of no manifest."""
    try:
        return {**json.loads(manifest), "files": None}
    except (ValueError, TypeError):
        return None


def _check_rows(storage: Storage, folder: str, manifest: Manifest) -> None:
    """Raises CorruptFile when the files do not hold as many lines as the manifest counts."""
    totals = manifest["totals"]
    try:
        with storage.open(f"{folder}/{LINES}") as file:
            stored = pq.read_metadata(file).num_rows
    except pa.ArrowInvalid as error:
        raise CorruptFile(f"{folder}/{LINES}: not ours ({error}); {MEND}") from None
    with storage.open(f"{folder}/{REJECTED_LINES}") as file:
        rejected = sum(1 for _ in file)
    for name, lines, counted in (
        (LINES, stored, totals["stored"]),
        (REJECTED_LINES, rejected, totals["rejected"]),
    ):
        if lines != counted:
            raise CorruptFile(f"{folder}/{name}: {lines} lines, not the day's {counted}; {MEND}")


def _put_same(storage: Storage, name: str, write: Callable[[BinaryIO], None]) -> None:
    with contextlib.suppress(FileExistsError):
        storage.put_new(name, write)


class DayFile:
    """A day being written: add its rows by partition."""

    def __init__(self, topic: str, day: Day, writer: pq.ParquetWriter, rejected: BinaryIO) -> None:
        self.topic, self.day = topic, day
        self.rejected = rejected
        self.groups = RowGroups(writer)
        self.totals: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.partitions: dict[str, dict[str, Any]] = {}
        self.gaps: list[dict[str, Any]] = []

    def begin_partition(self, partition: int, cut: int, gaps: list[dict[str, Any]]) -> None:
        """The rows that follow are of this partition."""
        self.gaps += gaps
        self.partition = partition
        self.entry: dict[str, Any] = {"cut": cut, "first": None, "last": None}
        self.entry |= {"stored": 0, "rejected": 0, "late": 0}
        self.partitions[str(partition)] = self.entry

    def add(self, rows: pa.Table) -> None:
        """Rows (schema ROWS) of the current partition, offsets ascending."""
        if not rows.num_rows:
            return
        entry = self.entry
        if entry["first"] is None:
            entry["first"] = rows.column("offset")[0].as_py()
        entry["last"] = rows.column("offset")[-1].as_py()
        good = rows.filter(pc.not_equal(rows.column("kind"), REJECTED))
        entry["stored"] += good.num_rows
        entry["rejected"] += rows.num_rows - good.num_rows
        entry["late"] += pc.sum(pc.less(good.column("time"), self.day * DAY), min_count=0).as_py()
        for kind in pc.value_counts(good.column("kind")).to_pylist():
            self.totals[KINDS[kind["values"]]] += kind["counts"]
        number = pa.repeat(pa.scalar(self.partition, pa.int32()), good.num_rows)
        stored = good.select(STORED.names[1:]).add_column(0, STORED.field(0), number)
        self.groups.add(stored)
        if good.num_rows < rows.num_rows:
            self._add_rejected(rows.filter(pc.equal(rows.column("kind"), REJECTED)))

    def _add_rejected(self, rows: pa.Table) -> None:
        columns = rows.select(["offset", "timestamp", "reason", "raw", "text"])
        for part in columns.to_batches(REJECTED_ROWS):
            for row in part.to_pylist():
                self.reasons[row["reason"]] += 1
                entry = rejected_entry({"partition": self.partition, **row})
                self.rejected.write(json.dumps(entry).encode() + b"\n")

    def manifest(self, files: dict[str, Any]) -> Manifest:
        """What the day is; `files` says how each of its files must be."""
        sums = {
            name: sum(entry[name] for entry in self.partitions.values())
            for name in ("stored", "rejected", "late")
        }
        kinds = {name: self.totals[name] for name in KINDS.values()}
        reasons = dict(sorted(self.reasons.items()))
        return {
            "format": DAY_FORMAT,
            "topic": self.topic,
            "day": day_name(self.day),
            "partitions": self.partitions,
            "totals": {**sums, **kinds, "reasons": reasons},
            "gaps": self.gaps,
            "files": files,
        }
