"""When the stream of a partition has passed a moment: by the evidence of many lines, not of one.

A partition passes a threshold at the first offset where at least `evidence` of its last
2·evidence - 1 good lines have a time at or past it: where the running median of their times
reaches it. A line, or a few, with a wrong clock pass nothing. A function of the log alone: how
it was cut into segments leaves no trace.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.errors import CorruptFile
from movierec.store.chain import Chain
from movierec.store.rowfile import read_groups
from movierec.store.segments import MEND, Segment, opened
from movierec.times import Nanoseconds


class Passing:
    """Looks in a chain for the offset of one threshold, and each time goes on where it was.

    A segment whose latest time is below the threshold is not read, any other one once. Below a
    chain's base no line reaches a threshold: closed days hold those lines, and what is asked
    for lies past the end of a later day.
    """

    def __init__(self, threshold: Nanoseconds, evidence: int) -> None:
        self._threshold, self._evidence = threshold, evidence
        self._votes: NDArray[np.bool_] = np.zeros(2 * evidence - 2, np.bool_)
        """Which of the last good lines have reached the threshold, the latest one last."""
        self._seen = 0
        """Segments of the chain that were looked at."""
        self._offset: int | None = None

    def offset(self, chain: Chain) -> int | None:
        """The first offset at which the partition has passed, None when it has not.

        Always the same chain, as far as it was read. Raises CorruptFile.
        """
        while self._offset is None and self._seen < len(chain.segments):
            segment = chain.segments[self._seen]
            if segment.max_time is not None:
                if segment.max_time < self._threshold:
                    self._vote(np.zeros(min(segment.good, self._votes.size), np.bool_))
                else:
                    self._offset = self._offset_within(chain, segment)
            self._seen += 1
        return self._offset

    def _offset_within(self, chain: Chain, segment: Segment) -> int | None:
        offset, reached = None, False
        with opened(chain.partition, segment.start) as file:
            for group in read_groups(file, ["offset", "time"]):
                good = group.filter(group.column("time").is_valid())
                votes = good.column("time").to_numpy() >= self._threshold
                hits = np.flatnonzero(self._vote(votes) >= self._evidence)
                reached |= bool(votes.any())
                if hits.size:
                    offset = _at(good, int(hits[0]))
                    break
        if not reached:
            name = chain.partition.name(segment.start)
            raise CorruptFile(f"{name}: max_time {segment.max_time} is none of its rows'; {MEND}")
        return offset

    def _vote(self, votes: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Take the votes of the next good lines: of each line, how many of its window are for."""
        size = self._votes.size
        last = np.concatenate([self._votes, votes])
        self._votes = last[last.size - size :]
        before = np.concatenate([[0], np.cumsum(last, dtype=np.int64)])
        counts: NDArray[np.int64] = before[size + 1 :] - before[: votes.size]
        return counts


def _at(rows: pa.Table, index: int) -> int:
    offset: int = rows.column("offset")[index].as_py()
    return offset
