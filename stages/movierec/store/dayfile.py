"""Puts the three files of one closed day as a stream: memory holds one row group.

Whoever closes the day puts the same rows, so a file that is there already (another closer's,
or one's that died) is as good as ours, once it is known to hold them. The manifest, put last,
makes the day. A day of the same name with other rows is another decision's, from before a part
of the store was restored, or somebody put it there.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from movierec.errors import CorruptFile
from movierec.lines.events import RATES
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.rows import STORED
from movierec.sealed import seal, unseal
from movierec.store.days import (
    DAY_1,
    DAY_FORMAT,
    LINES,
    MANIFEST,
    REJECTED_LINES,
    day_name_of,
    file_entry,
    rejected_entry,
)
from movierec.store.rowfile import RowGroups, open_writer, plain, read_groups
from movierec.store.storage import Storage
from movierec.times import DAY, Day, day_name

Manifest = dict[str, Any]
HELD_ROWS, HELD_BYTES = 1 << 16, 16 << 20
"""So many rows are counted and filtered together: a segment at night has a few hundred."""
REJECTED_ROWS = 4096
"""Refused lines that are Python objects at a time."""
LISTED_BYTES = 512 << 20
"""A day lists its refused lines up to here, each partition up to its share, and counts the rest.
A site's whole day takes less, so that a fault which spoils every line loses none."""
MEND = "restore days and closings from one backup, or move the folder away and it is made again"


def put_day(
    storage: Storage, topic: str, day: Day, fill: Callable[["DayFile"], None]
) -> Manifest | None:
    """Put the day that `fill` adds up; its manifest, or None when another put that first.

    Raises CorruptFile when there is another day of that name.
    """
    folder = day_name_of(topic, day_name(day))
    made: list[DayFile] = []
    ours: list[bool] = []

    def with_rejected(rejected: BinaryIO) -> None:
        def with_lines(lines: BinaryIO) -> None:
            with open_writer(lines, STORED) as writer:
                made.append(DayFile(topic, day, writer, rejected))
                fill(made[0])
                made[0].end()

        ours.append(_put_same(storage, f"{folder}/{LINES}", with_lines))

    try:
        _put_same(storage, f"{folder}/{REJECTED_LINES}", with_rejected)
        if not ours[0]:
            _check_lines(storage, f"{folder}/{LINES}", DayFile(topic, day, None, BytesIO()), fill)
        files = {name: file_entry(storage, f"{folder}/{name}") for name in (LINES, REJECTED_LINES)}
    except NotADirectoryError:
        raise CorruptFile(f"{folder}: a file, where a day's folder must be; {MEND}") from None
    if files[REJECTED_LINES]["sha256"] != made[0].rejected_sha256.hexdigest():
        raise CorruptFile(f"{folder}/{REJECTED_LINES}: not the day's refused lines; {MEND}")
    manifest = made[0].manifest(files)
    text = seal(manifest)
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
        document = unseal(manifest, DAY_1)[0]
        totals = {**document["totals"], "rejected_ratings": None}  # was not always counted
    except (ValueError, KeyError, TypeError):
        return None
    return {**document, "totals": totals, "files": None, "format": None}


def _put_same(storage: Storage, name: str, write: Callable[[BinaryIO], None]) -> bool:
    """Whether it was ours that was put: else one was there already."""
    try:
        storage.put_new(name, write)
    except FileExistsError:
        return False
    return True


def _check_lines(
    storage: Storage, name: str, day: "DayFile", fill: Callable[["DayFile"], None]
) -> None:
    """Raises CorruptFile when a file that was there already has other rows than the day."""
    try:
        with (
            storage.open(name) as file,
            pq.ParquetFile(file, page_checksum_verification=True) as rows,
        ):
            compared = _Compared(rows)
            day.groups = RowGroups(compared)
            fill(day)
            day.end()
            compared.finish()
    except FileNotFoundError:  # a segment's, which the caller knows how to take
        raise
    except (pa.ArrowException, ValueError, OSError) as error:  # OSError: a page's checksum
        raise CorruptFile(f"{name}: not the day's lines ({error}); {MEND}") from None


class _Compared:
    """Stands where a writer stands, and compares with what was written before."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._groups = read_groups(file)

    def write_table(self, group: pa.Table, row_group_size: int) -> None:
        """Raises ValueError when the next row group is another one."""
        theirs = next(self._groups, None)
        if theirs is None or theirs.num_rows != group.num_rows or not plain(theirs).equals(group):
            raise ValueError("other rows")

    def finish(self) -> None:
        """Raises ValueError when there is more."""
        if next(self._groups, None) is not None:
            raise ValueError("more rows")


class DayFile:
    """A day being written: add its rows by partition."""

    def __init__(self, topic: str, day: Day, writer: Any, rejected: BinaryIO) -> None:
        self.topic, self.day = topic, day
        self.rejected, self.rejected_sha256 = rejected, hashlib.sha256()
        self.groups = RowGroups(writer)
        self.totals: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.rejected_ratings = 0
        self.partitions: dict[str, dict[str, Any]] = {}
        self.gaps: list[dict[str, Any]] = []
        self._held: list[pa.Table] = []
        self._held_rows = self._held_bytes = 0

    def begin_partition(
        self, partition: int, cut: int, gaps: list[dict[str, Any]], of: int = 1
    ) -> None:
        """The rows that follow are of this partition, one of so many."""
        self._take()
        self.gaps += gaps
        self.partition = partition
        self.room = LISTED_BYTES // of
        self.entry: dict[str, Any] = {"cut": cut, "first": None, "last": None}
        self.entry |= {"stored": 0, "rejected": 0, "late": 0}
        self.partitions[str(partition)] = self.entry

    def add(self, rows: pa.Table) -> None:
        """Rows (schema ROWS) of the current partition, offsets ascending."""
        if not rows.num_rows:
            return
        self._held.append(rows)
        self._held_rows += rows.num_rows
        self._held_bytes += rows.nbytes
        if self._held_rows >= HELD_ROWS or self._held_bytes >= HELD_BYTES:
            self._take()

    def end(self) -> None:
        """There are no more rows."""
        self._take()
        self.groups.flush()

    def _take(self) -> None:
        """Count what is held and pass the good lines on."""
        if not self._held:
            return
        rows = pa.concat_tables(self._held)
        self._held, self._held_rows, self._held_bytes = [], 0, 0
        entry, offset = self.entry, rows.column("offset")
        if entry["first"] is None:
            entry["first"] = offset[0].as_py()
        entry["last"] = offset[-1].as_py()
        is_good = pc.not_equal(rows.column("kind"), REJECTED)
        good = rows.select(STORED.names[1:]).filter(is_good)
        entry["stored"] += good.num_rows
        entry["rejected"] += rows.num_rows - good.num_rows
        entry["late"] += pc.sum(pc.less(good.column("time"), self.day * DAY), min_count=0).as_py()
        for kind in pc.value_counts(good.column("kind")).to_pylist():
            self.totals[KINDS[kind["values"]]] += kind["counts"]
        number = pa.repeat(pa.scalar(self.partition, pa.int32()), good.num_rows)
        self.groups.add(good.add_column(0, STORED.field(0), number))
        if good.num_rows < rows.num_rows:
            self._add_rejected(rows.filter(pc.invert(is_good)))

    def _add_rejected(self, rows: pa.Table) -> None:
        shown = pc.match_substring_regex(rows.column("raw"), RATES)
        self.rejected_ratings += pc.sum(shown, min_count=0).as_py()
        for reason in pc.value_counts(rows.column("reason")).to_pylist():
            self.reasons[reason["values"]] += reason["counts"]
        listed = 0
        columns = rows.select(["offset", "timestamp", "reason", "raw", "text"])
        for part in columns.to_batches(REJECTED_ROWS):
            if self.room:
                listed += self._list(part)
        if listed < rows.num_rows:
            self.entry["unlisted"] = self.entry.get("unlisted", 0) + rows.num_rows - listed

    def _list(self, rows: pa.RecordBatch) -> int:
        """Write refused lines until one finds no room; how many there were."""
        for place, row in enumerate(rows.to_pylist()):
            entry = rejected_entry({"partition": self.partition, **row})
            line = json.dumps(entry).encode() + b"\n"
            if len(line) > self.room:
                self.room = 0
                return place
            self.room -= len(line)
            self.rejected.write(line)
            self.rejected_sha256.update(line)
        return len(rows)

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
            "totals": {
                **sums,
                **kinds,
                "reasons": reasons,
                "rejected_ratings": self.rejected_ratings,
            },
            "gaps": self.gaps,
            "files": files,
        }
