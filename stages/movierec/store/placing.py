"""Which day a line belongs to. Pure: a function of the log and the cuts.

A partition's cut of day D is the offset where its stream has passed end(D) + grace (passing).
Day D holds the lines below its cut whose date is at most D and which no earlier day holds. The
date of a line is that of its time. A rejected line has none: it goes with the first day whose
cut lies above it, so no clock, right or wrong, moves it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.store.chain import Chain
from movierec.store.rowfile import read_groups
from movierec.store.segments import Segment, opened
from movierec.times import DAY, Day

NEVER = -(2**63)
"""The time of a rejected line: before every day."""


@dataclass(frozen=True)
class Cut:
    """The state of a partition after a day has closed: the day and its cut offset."""

    day: int
    offset: int


NOTHING = Cut(-(10**6), 0)
"""Before the first day."""


def rows_between(
    chain: Chain, before: Cut, cut: Cut | None, columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """The rows of day `cut.day`, given the state `before` it, in offset order.

    Without a cut: all rows that no closed day holds.
    """
    for segment in chain.segments:
        if cut is not None and segment.start >= cut.offset:
            return
        if segment.rows and not _all_placed(segment, before):
            with opened(chain.partition, segment.start) as file:
                for group in read_groups(file, columns):
                    if _is_of(segment, before, cut):
                        yield group
                        continue
                    keep = _belonging(group, before, cut)
                    yield group if keep.all() else group.filter(pa.array(keep))


def _all_placed(segment: Segment, cut: Cut) -> bool:
    """Whether the days up to a cut hold all rows of a segment."""
    latest = segment.max_time
    return segment.end <= cut.offset and (latest is None or latest < (cut.day + 1) * DAY)


def _is_of(segment: Segment, before: Cut, cut: Cut | None) -> bool:
    """Whether the facts alone say that all rows of a segment belong to the day: nearly all do."""
    if cut is None:
        return segment.start >= before.offset
    return segment.start >= before.offset and _all_placed(segment, cut)


def _belonging(group: pa.Table, before: Cut, cut: Cut | None) -> NDArray[np.bool_]:
    """Mask of the rows that belong to the day."""
    offsets = group.column("offset").to_numpy()
    dates = group.column("time").fill_null(NEVER).to_numpy() // DAY
    keep: NDArray[np.bool_] = ~((offsets < before.offset) & (dates <= before.day))
    if cut is not None:
        keep &= (offsets < cut.offset) & (dates <= cut.day)
    return keep


def count_dated(chain: Chain, day: Day, below: int) -> int:
    """How many good lines below an offset are dated `day`; reads one segment at most.

    No closed day may hold a line of that date.
    """
    count = 0
    for segment in chain.segments:
        if segment.start >= below:
            break
        dated = segment.dates.get(day, 0)
        if dated and segment.end > below:
            dated = _dated_within(chain, segment, day, below)
        count += dated
    return count


def _dated_within(chain: Chain, segment: Segment, day: Day, below: int) -> int:
    count = 0
    with opened(chain.partition, segment.start) as file:
        for group in read_groups(file, ["offset", "time"]):
            dates = group.column("time").fill_null(NEVER).to_numpy() // DAY
            offsets = group.column("offset").to_numpy()
            count += int(np.count_nonzero((dates == day) & (offsets < below)))
    return count


def removable(chain: Chain, cut: Cut) -> int:
    """The base behind the segments whose rows closed days hold for sure."""
    base = chain.base
    for segment in chain.segments:
        if not _all_placed(segment, cut):
            break
        base = segment.end
    return base
