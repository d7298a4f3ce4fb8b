"""Which day a line belongs to. Pure: a function of the log and the cuts.

w is the running maximum of a partition's event times. Day D of a partition is cut at the
first offset where w ≥ end(D) + grace. Day D holds the lines below its cut whose date is
at most D and which no earlier day holds. The date of a line is that of its time; of a
rejected line that of w (before the first good line it goes with the first day to close).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.errors import CorruptFile
from movierec.store.chain import Chain
from movierec.store.rowfile import read_groups
from movierec.store.segments import MEND, Partition, Segment, opened
from movierec.times import DAY

NEVER = -(2**63)
"""The watermark of a partition without a good line."""


@dataclass(frozen=True)
class Cut:
    """The state of a partition after a day has closed: the day and its cut offset."""

    day: int
    offset: int


NOTHING = Cut(-(10**6), 0)
"""Before the first day."""


def passed(watermark: int | None, segment: Segment) -> int | None:
    """The watermark after a segment."""
    times = [time for time in (watermark, segment.max_time) if time is not None]
    return max(times, default=None)


def crossing(chain: Chain, threshold: int) -> int | None:
    """The first offset at which the partition's w reaches `threshold`, or None.

    The chain's base when w had reached it below the base.
    """
    if chain.watermark is not None and chain.watermark >= threshold:
        return chain.base
    for segment in chain.segments:
        if segment.max_time is not None and segment.max_time >= threshold:
            return _crossing_within(chain.partition, segment, threshold)
    return None


def _crossing_within(partition: Partition, segment: Segment, threshold: int) -> int:
    with opened(partition, segment.start) as file:
        for group in read_groups(file, ["offset", "time"]):
            times = group.column("time").fill_null(NEVER).to_numpy()
            hits = np.flatnonzero(times >= threshold)
            if hits.size:
                return int(group.column("offset")[int(hits[0])].as_py())
    name = partition.name(segment.start)
    raise CorruptFile(f"{name}: max_time {segment.max_time} is not among its rows; {MEND}")


def rows_between(
    chain: Chain, before: Cut, cut: Cut | None, columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """The rows of day `cut.day`, given the state `before` it, in offset order.

    Without a cut: all rows that no closed day holds.
    """
    watermark = chain.watermark
    for segment in chain.segments:
        if cut is not None and segment.start >= cut.offset:
            return
        after = passed(watermark, segment)
        if segment.rows and not _all_placed(segment, after, before):
            with opened(chain.partition, segment.start) as file:
                running = NEVER if watermark is None else watermark
                for group in read_groups(file, columns):
                    running, keep = _belonging(group, running, before, cut)
                    yield group if keep.all() else group.filter(pa.array(keep))
        watermark = after


def _all_placed(segment: Segment, after: int | None, before: Cut) -> bool:
    """Whether closed days hold all rows of a segment; `after` is the watermark behind it."""
    return segment.end <= before.offset and (after is None or after < (before.day + 1) * DAY)


def _belonging(
    group: pa.Table, watermark: int, before: Cut, cut: Cut | None
) -> tuple[int, NDArray[np.bool_]]:
    """(watermark after, mask of the rows that belong to the day)."""
    offsets = group.column("offset").to_numpy()
    times = group.column("time").fill_null(NEVER).to_numpy()
    running = np.maximum.accumulate(np.concatenate([[watermark], times]))
    dates = np.where(times == NEVER, running[1:], times) // DAY
    keep = ~((offsets < before.offset) & (dates <= before.day))
    if cut is not None:
        keep &= (offsets < cut.offset) & (dates <= cut.day)
    return int(running[-1]), keep


def removable(chain: Chain, cut: Cut) -> tuple[int, int | None]:
    """(base, watermark there) behind the segments whose rows closed days hold for sure."""
    base, watermark = chain.base, chain.watermark
    for segment in chain.segments:
        after = passed(watermark, segment)
        if not _all_placed(segment, after, cut):
            break
        base, watermark = segment.end, after
    return base, watermark
