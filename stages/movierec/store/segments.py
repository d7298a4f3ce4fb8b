"""Segments: what the collector writes while a day is open, as files.

    <topic>/segments/<partition>/<start offset, 20 digits>.parquet

A segment holds the lines of the offsets [start, end) of one partition and never changes.
Its footer carries facts that follow from its rows, so that closing a day need not read them.
All its bytes are under a seal (sealing): the facts are verified whenever they are read, the rows
before they are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from movierec.errors import CorruptFile
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.rows import ROWS
from movierec.sealed import check_format
from movierec.store.lineage import read_lineage
from movierec.store.rowfile import RowGroups, open_writer
from movierec.store.sealing import Footer, check_pages, read_footer, write_sealed
from movierec.store.storage import Storage, at
from movierec.times import DAY, Day, Nanoseconds

FORMAT = 3
"""2 did not say of which store it is, 1 had no seal."""
FACTS = "movierec.segment"
MEND = "move it away, and the collector reads its offsets again"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a topic in a store."""

    storage: Storage
    topic: str
    number: int
    store: str | None = None
    """The store's name (Lineage), which its segments bear; None while it has none."""

    @property
    def folder(self) -> str:
        """Where its segments lie."""
        return f"{self.topic}/segments/{self.number}"

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"

    def name(self, start: int) -> str:
        """The name of the segment that starts at an offset."""
        return f"{self.folder}/{start:020d}.parquet"


@dataclass(frozen=True, slots=True)
class Segment:
    """What a segment's footer says, as far as closing days needs it."""

    start: int
    end: int
    rows: int
    max_time: Nanoseconds | None
    """Latest event time; None without a good line."""
    dates: Mapping[Day, int]
    """The days of its good lines, and how many each has."""
    gap: bool
    """The broker no longer had these offsets: nothing is known of their lines."""

    @property
    def good(self) -> int:
        """How many good lines it has."""
        return sum(self.dates.values())


def partition_at(root: Path, topic: str, number: int) -> Partition:
    """A partition of the store at `root`. Raises CorruptFile when its lineage is damaged."""
    return partitions_at(root, topic, [number])[0]


def partitions_at(root: Path, topic: str, numbers: Iterable[int]) -> list[Partition]:
    """Partitions of a topic of the store at `root`, as `partition_at`."""
    lineage = read_lineage(root, topic)
    store = lineage.store if lineage else None
    return [Partition(at(root), topic, number, store) for number in numbers]


def partitions_of(root: Path, topic: str) -> list[int]:
    """The partitions that have a folder of segments, ascending."""
    names = at(root).names(f"{topic}/segments")
    return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))


def facts_of(
    partition: Partition, start: int, end: int, rows: pa.Table, *, gap: bool
) -> dict[str, Any]:
    """What the footer of a segment of `rows` (schema ROWS) says."""
    times = rows.column("time").drop_null()
    dates = pc.value_counts(pc.divide(times, DAY)).to_pylist()
    kinds = {
        entry["values"]: entry["counts"]
        for entry in pc.value_counts(rows.column("kind")).to_pylist()
    }
    names = {**KINDS, REJECTED: "rejected"}
    return {
        "format": FORMAT,
        "topic": partition.topic,
        "partition": partition.number,
        "store": partition.store,
        "start": start,
        "end": end,
        "rows": rows.num_rows,
        "max_time": pc.max(times).as_py(),
        "dates": {str(entry["values"]): entry["counts"] for entry in dates},
        "counts": {names[kind]: count for kind, count in kinds.items()},
        "gap": gap,
    }


def write_segment(file: BinaryIO, facts: Mapping[str, Any], rows: pa.Table) -> None:
    """Fill a segment's file. Holds it in memory, where its rows are already."""
    made = pa.BufferOutputStream()
    with open_writer(made, ROWS) as writer:
        groups = RowGroups(writer)
        groups.add(rows)
        groups.flush()
        writer.add_key_value_metadata({FACTS: json.dumps(facts, sort_keys=True)})
    write_sealed(file, memoryview(made.getvalue()))


def read_segment(partition: Partition, start: int) -> Segment | None:
    """The segment that starts at `start`, None when there is none. Raises CorruptFile."""
    facts = _facts_at(partition, start)
    return None if facts is None else segment_of(facts)


def store_of(partition: Partition, start: int) -> str | None:
    """The name of the store that a segment was written to; None when there is no segment, or it
    bears none. Raises CorruptFile."""
    name: str | None = (_facts_at(partition, start) or {}).get("store")
    return name


def _facts_at(partition: Partition, start: int) -> dict[str, Any] | None:
    """What the footer of a segment says, None when there is none. Raises CorruptFile."""
    name = partition.name(start)
    try:
        with partition.storage.open(name) as file:
            return _facts_in(file, partition, start)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise CorruptFile(f"{name}: not a segment ({error}); {MEND}") from None


def _facts_in(file: BufferedIOBase, partition: Partition, start: int) -> dict[str, Any]:
    """The facts in a segment's footer. Raises as they are not those of the segment of this
    place."""
    footer = read_footer(file)
    return _facts_of(pq.read_metadata(pa.BufferReader(footer.content)), footer, partition, start)


def _facts_of(
    metadata: pq.FileMetaData, footer: Footer, partition: Partition, start: int
) -> dict[str, Any]:
    """`_facts_in` a footer that was read."""
    facts: dict[str, Any] = json.loads(metadata.metadata[FACTS.encode()])
    check_format(facts["format"], FORMAT)
    if (facts["format"] == 1) != (footer.pages is None):
        raise ValueError(
            f"format {facts['format']} {'without' if footer.pages is None else 'with'} a seal"
        )
    wanted = (partition.topic, partition.number, start, metadata.num_rows)
    got = tuple(facts[key] for key in ("topic", "partition", "start", "rows"))
    if got != wanted or facts["end"] <= start:
        raise ValueError(f"it says {got} up to {facts['end']}, expected {wanted}")
    store = facts["store"] if facts["format"] > 2 else None
    if None not in (store, partition.store) and store != partition.store:
        raise ValueError(f"it is of the store {store}, and this is {partition.store}")
    return facts


def segment_of(facts: Mapping[str, Any]) -> Segment:
    """The part of a footer's facts that stays in memory."""
    return Segment(
        start=facts["start"],
        end=facts["end"],
        rows=facts["rows"],
        max_time=facts["max_time"],
        dates={int(day): count for day, count in facts["dates"].items()},
        gap=facts["gap"],
    )


@contextmanager
def opened(partition: Partition, start: int) -> Iterator[pq.ParquetFile]:
    """A segment to read rows of, every byte checked. Raises CorruptFile, naming it.

    Its bytes are read once and whole, as they were written, and decoded from memory: a day has
    thousands of small ones, and threads that read ahead cost more than the reading.
    """
    name = partition.name(start)
    with partition.storage.open(name) as file:
        try:
            rows = _checked(file.read(), partition, start)
        except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
            raise CorruptFile(f"{name}: damaged ({error}); {MEND}") from None
    try:
        with rows:
            yield rows
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise CorruptFile(f"{name}: damaged ({error}); {MEND}") from None


def _checked(content: bytes, partition: Partition, start: int) -> pq.ParquetFile:
    """A segment's file that holds `content`. Raises as it is not that of this place."""
    footer = read_footer(BytesIO(content))
    check_pages(BytesIO(content), footer)
    rows = pq.ParquetFile(
        pa.BufferReader(content), page_checksum_verification=True, pre_buffer=False
    )
    _facts_of(rows.metadata, footer, partition, start)
    return rows
