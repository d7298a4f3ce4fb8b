"""What was produced against what is on disk, line by line and to the byte."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from movierec.lines.events import BadLine, parse
from movierec.lines.rows import MAX_KEPT_BYTES, cut, line_of
from movierec.store.chain import read_chain
from movierec.store.days import closed_days, day_folder, read_day, read_manifest, read_rejected
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.segments import partition_at, partitions_of

Produced = Mapping[int, list[bytes | None]]
"""Partition → its lines; the number of a line is its offset."""
Kept: TypeAlias = bytes | tuple[bytes, int, str] | None
"""A line as the store keeps it: of a long one its head, length and SHA-256."""


@dataclass
class Tally:
    """Lines produced, and what became of them."""

    lines: int = 0
    lost: int = 0
    """Not on disk, or other bytes there, though the broker had them until the end."""
    doubled: int = 0
    """On disk more than once, or never produced."""
    undetected: int = 0
    """Runs of offsets that are neither on disk nor in a gap record."""
    in_gaps: int = 0
    """Lines that gap records name."""


def examine(
    root: Path, topic: str, produced: Produced, gone: Mapping[int, set[int]] | None = None
) -> Tally:
    """Compare the store with `produced`; `gone` are offsets that the broker itself forgot."""
    tally = Tally(lines=sum(map(len, produced.values())))
    found: dict[int, dict[int, Kept]] = {partition: {} for partition in produced}
    for partition, offset, line in stored_lines(root, topic):
        have = found.setdefault(partition, {})
        if offset in have or offset >= len(produced.get(partition, [])):
            tally.doubled += 1
        have[offset] = line
    gaps = recorded_gaps(root, topic)
    for partition, lines in produced.items():
        have = found[partition]
        bad = [o for o, line in enumerate(lines) if o not in have or have[o] != kept(line)]
        missing = [o for o in bad if o not in have]
        named = {o for start, end in gaps.get(partition, ()) for o in range(start, end)}
        tally.in_gaps += len(named)
        tally.lost += len(set(bad) - (gone or {}).get(partition, set()))
        tally.undetected += runs([o for o in missing if o not in named])
        tally.undetected += runs(sorted(named & set(have)))  # a gap that is none
    return tally


def kept(line: bytes | None) -> Kept:
    """What the store must hold of a line."""
    if line is None or len(line) <= MAX_KEPT_BYTES:
        return line
    if not isinstance(parse(line), BadLine):
        return line
    head, facts = cut(0, line)
    return head, facts.length, facts.sha256


def _kept(entry: dict[str, Any]) -> Kept:
    """What it holds of a refused one."""
    return (entry["raw"], entry["length"], entry["sha256"]) if "length" in entry else entry["raw"]


def stored_lines(root: Path, topic: str) -> Iterator[tuple[int, int, Kept]]:
    """(partition, offset, line) of everything that the store's readers give."""
    for day in closed_days(root, topic):
        folder = day_folder(root, topic, day)
        before = read_manifest(root, topic, day)["totals"]
        rows = read_day(folder).to_pylist()
        rejected = list(read_rejected(folder))
        assert len(rows) == before["stored"] and len(rejected) == before["rejected"], day
        yield from ((r["partition"], r["offset"], line_of(r)) for r in rows)
        yield from ((r["partition"], r["offset"], _kept(r)) for r in rejected)
    for r in open_rows(root, topic).to_pylist():
        yield r["partition"], r["offset"], line_of(r)
    for r in open_rejected(root, topic):
        yield r["partition"], r["offset"], _kept(r)


def recorded_gaps(root: Path, topic: str) -> dict[int, set[tuple[int, int]]]:
    """Partition → the [start, end) of every gap record, in closed days and open segments."""
    gaps: dict[int, set[tuple[int, int]]] = {}
    for day in closed_days(root, topic):
        for gap in read_manifest(root, topic, day)["gaps"]:
            gaps.setdefault(gap["partition"], set()).add((gap["start"], gap["end"]))
    for partition in partitions_of(root, topic):
        for segment in read_chain(partition_at(root, topic, partition)).segments:
            if segment.gap:
                gaps.setdefault(partition, set()).add((segment.start, segment.end))
    return gaps


def runs(offsets: list[int]) -> int:
    """How many runs of consecutive numbers an ascending list holds."""
    return sum(1 for i, o in enumerate(offsets) if i == 0 or o != offsets[i - 1] + 1)
