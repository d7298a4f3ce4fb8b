"""When the stream of a partition has passed a moment: by the evidence of many lines, not of one.

A partition passes a threshold at the first offset where at least `evidence` of its last
2·evidence - 1 good lines have a time at or past it: where the running median of their times
reaches it. A line, or a few, with a wrong clock pass nothing. A function of the log alone: how
it was cut into segments leaves no trace.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.errors import CorruptFile
from movierec.store.chain import Chain, read_base, read_chain
from movierec.store.rowfile import read_groups
from movierec.store.segments import MEND, Partition, Segment, opened
from movierec.times import Day, Nanoseconds


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


class Chains:
    """The chains of a topic's partitions, and what was found in them: each segment is looked at
    once, so that a check costs the same at the end of a day as at its beginning."""

    def __init__(self, evidence: int) -> None:
        self.evidence = evidence
        self.of: dict[int, Chain] = {}
        self.lines: Counter[Day] = Counter()
        """Good lines of each day, those in closed days too."""
        self._passings: dict[tuple[int, Nanoseconds], Passing] = {}

    def read(self, partition: Partition, found: Chain | None = None) -> None:
        """Read a chain, or what was written since; since it was `found`, when it begins there."""
        known = 0
        if partition.number in self.of:
            known = len(self.of[partition.number].segments)
            self.of[partition.number].extend()
        else:
            if found is not None:
                found.extend()
            if found is None or read_base(partition) != found.base:
                found = read_chain(partition)
            self.of[partition.number] = found
        for segment in self.of[partition.number].segments[known:]:
            self.lines.update(segment.dates)

    def passed(self, threshold: Nanoseconds) -> dict[int, int | None]:
        """Where each partition passes a threshold; None: it has not."""
        return {p: self._passing(p, threshold).offset(chain) for p, chain in self.of.items()}

    def _passing(self, partition: int, threshold: Nanoseconds) -> Passing:
        key = (partition, threshold)
        if key not in self._passings:
            self._passings[key] = Passing(threshold, self.evidence)
        return self._passings[key]


def _at(rows: pa.Table, index: int) -> int:
    offset: int = rows.column("offset")[index].as_py()
    return offset
