"""Closes days, exactly once, with any number of closers.

1. The next day and its cuts are decided (decisions): one closer wins, the others follow it.
2. Every closer can build the day from the log and the cuts, to the same bytes; who puts its
   manifest first publishes it (dayfile).
3. The decision is marked done. Only then may segments go: their rows are in closed, durable
   days.

A closer that dies anywhere leaves a state from which the next one goes on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from movierec.errors import CorruptFile
from movierec.store.chain import Chain, move_base, read_base, read_chain
from movierec.store.dayfile import DayFile, Manifest, put_day
from movierec.store.days import MANIFEST, day_name_of
from movierec.store.decisions import (
    Closing,
    announce,
    is_done,
    last_closing,
    mark_done,
    read_closing,
)
from movierec.store.placing import Cut, crossing, removable, rows_between
from movierec.store.segments import Partition, partitions_of
from movierec.store.storage import at, has
from movierec.times import DAY, SECOND, Day, day_name

Chains = Mapping[int, Chain]


class Closer:
    """Closes the days of one topic, and remembers its segments from one check to the next."""

    def __init__(self, root: Path, topic: str) -> None:
        self._root, self._topic = root, topic
        self._storage = at(root)
        self._chains: dict[int, Chain] = {}
        self._state: tuple[int, bool] | None = None

    def close_due_days(self, ends: Mapping[int, int], grace_seconds: float) -> list[Manifest]:
        """Close every day that the stream has passed by the grace period; their manifests.

        `ends` maps EVERY partition of the topic to its end offset in Kafka, fetched just
        before the call. A partition passes a day when its event times reach the day's end
        plus the grace, or when it is silent: the store has all of it up to its end, and
        another partition has passed. Any number of closers may do this at any time.
        """
        if set(partitions_of(self._root, self._topic)) - set(ends):
            return []  # added since `ends` was fetched: no day closes without them
        closed: list[Manifest] = []
        while True:
            last = last_closing(self._storage, self._topic)
            done = not last.number or is_done(self._storage, self._topic, last.number)
            chains = self._read(sorted(ends), (last.number, done))
            try:
                closing = due_closing(chains, ends, grace_seconds, last) if done else last
            except FileNotFoundError:
                if not _is_stale(chains):
                    raise
                continue
            if closing is None:
                return closed
            # Also one that was decided before: whoever did may have died before it was durable.
            closing = announce(self._storage, self._topic, closing)
            if not _holds_all(chains, closing):
                return closed
            manifest = self._complete(chains, closing)
            closed += [manifest] if manifest else []

    def _read(self, partitions: list[int], state: tuple[int, bool]) -> Chains:
        """The chains up to their ends. Bases move only with a closing: then all is read anew."""
        if self._state != state:
            self._chains, self._state = {}, state
        for number in partitions:
            if number in self._chains:
                self._chains[number].extend()
            else:
                self._chains[number] = read_chain(Partition(self._storage, self._topic, number))
        return self._chains

    def _complete(self, chains: Chains, closing: Closing) -> Manifest | None:
        """Put the day of a decision and mark it done; its manifest, None when another did."""
        manifest = None
        # The chains were read before this: if nobody is done now, nothing was removed by then.
        if not is_done(self._storage, self._topic, closing.number):
            folder = day_name_of(self._topic, day_name(closing.day))
            try:
                manifest = self._put(chains, closing)
            except (FileNotFoundError, CorruptFile) as error:
                ours_went = isinstance(error, FileNotFoundError) and has(
                    self._storage, f"{folder}/{MANIFEST}"
                )
                if not (ours_went or is_done(self._storage, self._topic, closing.number)):
                    raise  # else another closer published, and removed our files or the segments
            self._storage.names(folder, settle=True)  # what died closers left beside the day
            mark_done(self._storage, self._topic, closing.number)
        for number, cut in closing.cuts.items():
            base, watermark = removable(chains[number], Cut(closing.day, cut))
            if base > chains[number].base:
                move_base(chains[number].partition, base, watermark)
        return manifest

    def _put(self, chains: Chains, closing: Closing) -> Manifest | None:
        before = read_closing(self._storage, self._topic, closing.number - 1)

        def fill(day: DayFile) -> None:
            for number in sorted(closing.cuts):
                chain, start, cut = chains[number], before.cut(number), closing.cut(number)
                day.begin_partition(number, cut.offset, gaps(chain, start, cut))
                for rows in rows_between(chain, start, cut):
                    day.add(rows)

        return put_day(self._storage, self._topic, closing.day, fill)


def _is_stale(chains: Chains) -> bool:
    """Whether another closer removed segments meanwhile: then it has closed a day."""
    return any(read_base(chain.partition)[0] != chain.base for chain in chains.values())


def _holds_all(chains: Chains, closing: Closing) -> bool:
    """Whether the store reaches every cut: a damaged segment may have been moved away since the
    decision, and its offsets are read again."""
    return all(chains[number].end >= cut for number, cut in closing.cuts.items())


def due_closing(
    chains: Chains, ends: Mapping[int, int], grace_seconds: float, last: Closing
) -> Closing | None:
    """The next day that is due, with its cuts; None when none is."""
    for day in _candidates(chains, last):
        threshold = (day + 1) * DAY + round(grace_seconds * SECOND)
        cuts = _cuts(chains, ends, threshold, last)
        if cuts is None:
            return None
        closing = Closing(last.number + 1, day, cuts)
        if _holds_a_row(chains, last, closing):
            return closing
    return None


def _candidates(chains: Chains, last: Closing) -> list[Day]:
    """The days that lines wait for, ascending. Lines of closed days are late for the next."""
    days = {
        max(day, last.day + 1)
        for chain in chains.values()
        for segment in chain.segments
        for day in segment.dates
    }
    return sorted(days)


def _cuts(
    chains: Chains, ends: Mapping[int, int], threshold: int, last: Closing
) -> dict[int, int] | None:
    """Each partition's cut at `threshold`, or None when the day is not due."""
    crossings = {partition: crossing(chain, threshold) for partition, chain in chains.items()}
    if all(offset is None for offset in crossings.values()):
        return None
    cuts = {}
    for partition, offset in crossings.items():
        if offset is None:
            offset = chains[partition].end
            if offset < ends[partition]:
                return None
        cuts[partition] = max(offset, last.cut(partition).offset)
    return cuts


def _holds_a_row(chains: Chains, last: Closing, closing: Closing) -> bool:
    columns = ["offset", "time"]
    return any(
        table.num_rows
        for partition, chain in chains.items()
        for table in rows_between(chain, last.cut(partition), closing.cut(partition), columns)
    )


def gaps(chain: Chain, start: Cut, cut: Cut) -> list[dict[str, Any]]:
    """The gaps that a day between `start` and `cut` closes over."""
    return [
        {"partition": chain.partition.number, "start": segment.start, "end": segment.end}
        for segment in chain.segments
        if segment.gap and start.offset <= segment.start < cut.offset
    ]
