"""Writes the three files of one closed day as a stream: memory holds one row group."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from movierec.hashing import sha256_of
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.rows import STORED
from movierec.store.days import (
    DAY_FORMAT,
    LINES,
    MANIFEST,
    REJECTED_LINES,
    rejected_entry,
)
from movierec.store.durable import write_file
from movierec.store.rowfile import RowGroups, open_writer
from movierec.times import DAY, day_name


class DayFile:
    """A day being written to a draft folder. Add its rows by partition, then `finish`."""

    def __init__(self, draft: Path, topic: str, day: int) -> None:
        self.draft, self.topic, self.day = draft, topic, day
        self.lines: BinaryIO = (draft / LINES).open("xb")
        self.rejected: BinaryIO = (draft / REJECTED_LINES).open("xb")
        self.writer = open_writer(self.lines, STORED)
        self.groups = RowGroups(self.writer)
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
        number = pa.array([self.partition], pa.int32()).take(
            pa.nulls(good.num_rows, pa.int64()).fill_null(0)
        )
        stored = good.select(STORED.names[1:]).add_column(0, STORED.field(0), number)
        self.groups.add(stored)
        if good.num_rows < rows.num_rows:
            self._add_rejected(rows.filter(pc.equal(rows.column("kind"), REJECTED)))

    def _add_rejected(self, rows: pa.Table) -> None:
        for row in rows.select(["offset", "timestamp", "reason", "raw"]).to_pylist():
            self.reasons[row["reason"]] += 1
            entry = rejected_entry({"partition": self.partition, **row})
            self.rejected.write(json.dumps(entry).encode() + b"\n")

    def finish(self) -> int:
        """Complete and fsync the files, the manifest last; the number of lines."""
        self.groups.flush()
        self.writer.close()
        for file in (self.lines, self.rejected):
            file.flush()
            os.fsync(file.fileno())
            file.close()
        text = json.dumps(self._manifest(), indent=2, sort_keys=True).encode() + b"\n"
        write_file(self.draft / MANIFEST, lambda file: file.write(text))
        return sum(entry["stored"] + entry["rejected"] for entry in self.partitions.values())

    def _manifest(self) -> dict[str, Any]:
        sums = {
            name: sum(entry[name] for entry in self.partitions.values())
            for name in ("stored", "rejected", "late")
        }
        kinds = {name: self.totals[name] for name in KINDS.values()}
        reasons = dict(sorted(self.reasons.items()))
        paths = [self.draft / LINES, self.draft / REJECTED_LINES]
        return {
            "format": DAY_FORMAT,
            "topic": self.topic,
            "day": day_name(self.day),
            "partitions": self.partitions,
            "totals": {**sums, **kinds, "reasons": reasons},
            "gaps": self.gaps,
            "files": {p.name: {"bytes": p.stat().st_size, "sha256": sha256_of(p)} for p in paths},
        }
