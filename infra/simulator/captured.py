"""What a saved log holds, as the collector would judge it: by the collector's own parser.

A capture does not say when its lines reached Kafka. The median of the times of the lines around
one stands for it, so that a line whose clock was ahead is refused now as it was then.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from infra.simulator.table.plain import blocks
from movierec.errors import BadInput
from movierec.lines.kinds import KINDS, RATING, REJECTED, SERVED
from movierec.lines.parsing import is_ahead, parse_batch
from movierec.lines.rows import LineBatch
from movierec.times import DAY, MILLISECOND, Day, Milliseconds, day_name
from serve.settings import CollectorSettings

MOST_BYTES = 999_000
"""Of a line: a broker takes records below a million bytes, their own heads among them."""
UNKNOWN = -1
AROUND = 101
"""Lines whose median time is a record's timestamp: more than a few wrong clocks give."""


class Part(NamedTuple):
    """Some lines of a capture, in its order."""

    lines: list[bytes]
    rows: pa.Table
    """What the collector makes of them (schema rows.ROWS), their records' timestamps aside."""
    timestamps: NDArray[np.int64]
    """Of their records, ms since 1970."""


@dataclass
class Found:
    """What a capture holds, as the collector would judge it."""

    path: Path
    lines: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    days: Counter[Day] = field(default_factory=Counter)
    """Good lines of each day."""
    ratings: set[str] = field(default_factory=set)
    """Different ones, as they are written."""
    first: bytes = b""
    end: Milliseconds = 0
    """When the last line came."""

    def add(self, part: Part) -> None:
        """Count some lines more."""
        self.first = self.first if self.lines else part.lines[0]
        self.lines += len(part.lines)
        self.end = int(part.timestamps[-1])
        good = part.rows.filter(pc.not_equal(part.rows["kind"], REJECTED))
        stamps = part.timestamps[part.rows["time"].is_valid().to_numpy()]
        ahead = is_ahead(good["time"].to_numpy(), stamps)
        self.reasons["time-ahead"] += int(ahead.sum())
        for reason, count in _counted(part.rows["reason"].drop_null()):
            self.reasons[reason] += count
        good = good.filter(pa.array(~ahead))
        for kind, count in _counted(good["kind"]):
            self.kinds[KINDS[kind]] += count
        for day, count in zip(
            *np.unique(good["time"].to_numpy() // DAY, return_counts=True), strict=True
        ):
            self.days[int(day)] += int(count)
        rated = good.filter(pc.equal(good["kind"], RATING))
        self.ratings |= set(rated["text"].unique().to_pylist())

    def believed(self) -> list[Day]:
        """The days that enough lines are of: those that a collector closes, in order."""
        least = CollectorSettings.evidence_lines
        return sorted(day for day, count in self.days.items() if count >= least)


def parts(path: Path, now: Milliseconds) -> Iterator[Part]:
    """The lines, as the collector reads them at `now`. They are cut at line feeds and nowhere else,
    and the last one may lack its own. Raises BadInput for what no program reads, and for a line
    that no broker takes."""
    before = now
    for block in blocks(path):
        lines = block.removesuffix(b"\n").split(b"\n")
        longest = max(lines, key=len)
        if len(longest) > MOST_BYTES:
            head = longest[:40].decode(errors="replace")
            raise BadInput(
                f"{path}: the line that begins {head!r} has {len(longest):,} bytes, more than a "
                "record of Kafka: no capture of the log"
            )
        unknown = np.full(len(lines), UNKNOWN)
        values = pa.array(lines, pa.large_binary())
        rows = parse_batch(LineBatch(np.arange(len(lines)), unknown, values), now)
        timestamps = stamped(rows["time"].combine_chunks(), before)
        before = int(timestamps[-1])
        yield Part(lines, rows, timestamps)


def stamped(times: pa.Int64Array, before: Milliseconds) -> NDArray[np.int64]:
    """Milliseconds for the records of some lines by the lines' times (ns, null when rejected):
    medians of those around; a rejected line has its forerunner's, or `before`.

    >>> stamped(pa.array([None, *(n * MILLISECOND for n in (5, 6, 900, 7, 8)), None]), 4).tolist()
    [4, 5, 6, 7, 8, 8, 8]
    """
    valid = times.is_valid().to_numpy(zero_copy_only=False)
    good = times.drop_null().to_numpy() // MILLISECOND
    if len(good):
        # Odd: what ascends goes on ascending beyond its ends, and is its own median there, too.
        wide = np.pad(good, AROUND // 2, mode="reflect", reflect_type="odd")
        good = median_filter(wide, AROUND)[AROUND // 2 : AROUND // 2 + len(good)]
    of_line: NDArray[np.int64] = np.concatenate([[before], good])[np.cumsum(valid)]
    return of_line


def look(path: Path, now: Milliseconds) -> Found:
    """Read a capture to its end. Raises BadInput as `parts` does."""
    found = Found(path)
    for part in parts(path, now):
        found.add(part)
    return found


def described(found: Found) -> list[str]:
    """What was recognised, for people: a few lines."""
    kinds = (f"{kind} {found.kinds[kind]:,}" for kind in KINDS.values() if kind != SERVED.label)
    reasons = ", ".join(f"{why} {n:,}" for why, n in sorted(found.reasons.items()) if n)
    days = ", ".join(f"{day_name(day)} ({found.days[day]:,} lines)" for day in found.believed())
    few = len(found.days) - len(found.believed())
    scale = sorted(map(float, found.ratings))
    return [
        f"{found.path.name}: lines {found.lines:,}: {', '.join(kinds)}",
        f"rejected {found.reasons.total():,}{': ' if reasons else ''}{reasons}",
        f"days: {days or 'none'}" + (f"; {few} dates of too few lines to be days" if few else ""),
        f"ratings from {scale[0]:g} to {scale[-1]:g}" if scale else "no ratings",
        f"first line: {found.first[:100].decode(errors='replace')}",
    ]


def _counted(column: pa.ChunkedArray) -> list[tuple[Any, int]]:
    return [(entry["values"], entry["counts"]) for entry in column.value_counts().to_pylist()]
