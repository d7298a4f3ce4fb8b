"""The chain of a partition: its segments in order, without a hole.

The first starts at the base (0 at first), each next one where the one before ends. Only the
chain counts, so progress is a fact of the disk: a file off the chain (a stale writer's, after
its partition moved on) is never read, and a gap (offsets the broker no longer has) is a link
like any other. The base moves up, past segments whose rows are all in closed days, by a file
`<base>.base`; the highest one counts. Then segments below it may go.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from movierec.errors import CorruptFile
from movierec.sealed import seal, unseal_of
from movierec.store.rowfile import read_groups
from movierec.store.segments import (
    Partition,
    Segment,
    opened,
    partitions_of,
    read_segment,
    store_of,
)
from movierec.store.storage import at

BASE_FORMAT = 2
"""1 had no checksum and did not say whose it is."""
BASE_1 = {"watermark"}


@dataclass(frozen=True)
class Chain:
    """The segments from `base` to `end`, as far as they were read."""

    partition: Partition
    base: int
    segments: list[Segment]

    @property
    def end(self) -> int:
        """The next offset to read."""
        return self.segments[-1].end if self.segments else self.base

    def extend(self) -> None:
        """Read the segments that were written since. Raises CorruptFile."""
        with self.partition.storage.ahead() as storage:
            walked = replace(self.partition, storage=storage)
            while (segment := read_segment(walked, self.end)) is not None:
                self.segments.append(segment)


def read_chain(partition: Partition) -> Chain:
    """The chain of a partition as its footers tell it. Raises CorruptFile."""
    while True:
        base = read_base(partition)
        chain = Chain(partition, base, [])
        chain.extend()
        if read_base(partition) == base:  # else segments went while we walked
            return chain


def read_end(partition: Partition, known: int = 0) -> int:
    """Where the chain ends; `known` is where it once did. Raises CorruptFile.

    Keeps nothing in memory, however many segments there are.
    """
    while True:
        base = read_base(partition)
        end = max(base, known)
        with partition.storage.ahead() as storage:
            walked = replace(partition, storage=storage)
            while (segment := read_segment(walked, end)) is not None:
                end = segment.end
        if read_base(partition) == base:
            return end


def last_line(chain: Chain) -> dict[str, object] | None:
    """The last stored row (of schema ROWS) in the segments; None when no segment has a row."""
    for segment in reversed(chain.segments):
        if segment.rows:
            with opened(chain.partition, segment.start) as file:
                *_, group = read_groups(file)
                row: dict[str, object] = group.slice(group.num_rows - 1).to_pylist()[0]
                return row
    return None


def store_named(root: Path, topic: str) -> str | None:
    """The name of the store that the segments of a topic bear, by the first one that bears any;
    None when none does. For a store whose lineage was lost. Raises CorruptFile."""
    for number in partitions_of(root, topic):
        partition = Partition(at(root), topic, number)
        for segment in read_chain(partition).segments:
            name = store_of(partition, segment.start)
            if name is not None:
                return name
    return None


def read_base(partition: Partition) -> int:
    """Where a partition's chain begins. Raises CorruptFile."""
    while True:
        bases = [n for n in partition.storage.names(partition.folder) if n.endswith(".base")]
        if not bases:
            return 0
        name, base = f"{partition.folder}/{bases[-1]}", _offset(bases[-1])
        try:
            with partition.storage.open(name) as file:
                unseal_of(file.read(), _place(partition, base), BASE_FORMAT, BASE_1)
            return base
        except FileNotFoundError:  # a higher base took its place
            continue
        except (ValueError, KeyError, OSError) as error:
            raise CorruptFile(f"{name}: not a base ({error}); restore it from a backup") from None


def _place(partition: Partition, base: int) -> dict[str, Any]:
    return {"topic": partition.topic, "partition": partition.number, "base": base}


def move_base(partition: Partition, base: int) -> list[str]:
    """Move a chain's base up to `base` and remove what lies below; the names removed.

    Only for segments whose rows are all in closed, durable days.
    """
    text = seal({"format": BASE_FORMAT, **_place(partition, base)})
    name = f"{partition.folder}/{base:020d}.base"
    with contextlib.suppress(FileExistsError, FileNotFoundError):  # another closer moves it too
        partition.storage.put_new(name, lambda file: file.write(text))
    highest = read_base(partition)
    names = partition.storage.names(partition.folder)
    below = [n for n in names if PurePath(n).stem.isdecimal() and _offset(n) < highest]
    partition.storage.remove(*(f"{partition.folder}/{name}" for name in below))
    return below


def _offset(name: str) -> int:
    return int(PurePath(name).stem)
