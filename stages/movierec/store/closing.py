"""Closes days, exactly once, with any number of closers.

1. The next day and its cuts are decided (decisions): one closer wins, the others follow it.
2. Every closer can build the day from the log and the cuts, to the same bytes; who puts its
   manifest first publishes it (dayfile).
3. The day that is there is verified, whoever put it, and the decision is marked done. Only then
   may segments go: their rows are in closed, durable days.

A folder of the day's name that was there before the decision is nobody's: the day is not decided
until an operator has looked, unless it is a whole closed day (closings were restored).

A closer that dies anywhere leaves a state from which the next one goes on.

What a day is follows from the log: lines make a day when enough of them are dated so, and it
is due when enough lines lie past its end (passing). The own clock only says "not yet".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from movierec.errors import BadInput, CorruptFile
from movierec.store.chain import Chain, move_base, read_base
from movierec.store.dayfile import MEND, DayFile, Manifest, put_day
from movierec.store.days import MANIFEST, day_folder, day_name_of, verify_day
from movierec.store.decisions import (
    Closing,
    announce,
    is_done,
    last_closing,
    mark_done,
    read_closing,
)
from movierec.store.expired import is_expired
from movierec.store.passing import Chains
from movierec.store.placing import Cut, count_dated, removable, rows_between
from movierec.store.segments import Partition, partitions_at, partitions_of
from movierec.store.storage import at, has
from movierec.times import DAY, SECOND, Day, Nanoseconds, day_name


class Closer:
    """Closes the days of one topic, and remembers its segments from one check to the next.

    `evidence`: how many lines must be dated so to make a day, and how many, among the last
    ones of a partition, must lie past a day's end for the partition to have passed it.
    """

    def __init__(self, root: Path, topic: str, evidence: int) -> None:
        self._root, self._topic, self._evidence = root, topic, evidence
        self._storage = at(root)
        self._chains = Chains(evidence)
        self._state: tuple[int, bool] | None = None

    def close_due_days(
        self,
        ends: Mapping[int, int],
        grace_seconds: float,
        now: Nanoseconds,
        found: Mapping[int, Chain] | None = None,
    ) -> list[Manifest]:
        """Close every day that the stream has passed by the grace period; their manifests.

        `ends` maps EVERY partition of the topic to its end offset in Kafka, fetched just
        before the call. A partition passes a day when its event times reach the day's end
        plus the grace, or when it is silent: the store has all of it up to its end, and
        another partition has passed. No day closes before that moment by the own clock, `now`,
        and none while the store has a partition that `ends` lacks (`unknown_folders`).
        `found` are chains as they were claimed: nobody else may have them.
        Any number of closers may do this at any time.
        """
        closed: list[Manifest] = []
        if self._state is None:
            mark_done(self._storage, self._topic, 0, now)  # the store's beginning, if it is that
        if unknown_folders(self._root, self._topic, ends):
            return closed
        while True:
            last = last_closing(self._storage, self._topic)
            done = not last.number or is_done(self._storage, self._topic, last.number)
            chains = self._read(sorted(ends), (last.number, done), found or {})
            try:
                closing = due_closing(chains, ends, grace_seconds, last, now) if done else last
            except FileNotFoundError:
                if not _is_stale(chains):
                    raise
                continue
            if closing is None:
                return closed
            # Also one that was decided before: whoever did may have died before it was durable.
            if done and not self._is_free(closing):
                continue
            closing = announce(self._storage, self._topic, closing)
            if not _holds_all(chains, closing):
                return closed
            manifest = self._complete(chains, closing, now)
            closed += [manifest] if manifest else []

    def _read(
        self, partitions: list[int], state: tuple[int, bool], found: Mapping[int, Chain]
    ) -> Chains:
        """The chains up to their ends. Bases move only with a closing: then all is read anew."""
        if self._state != state:
            self._chains, self._state = Chains(self._evidence), state
        for partition in partitions_at(self._root, self._topic, partitions):
            self._chains.read(partition, found.get(partition.number))
        return self._chains

    def _is_free(self, closing: Closing) -> bool:
        """Whether a day may be decided: no stranger's folder has its name; False when another
        closer decided it meanwhile. Raises CorruptFile."""
        day = day_name(closing.day)
        if day not in self._storage.names(f"{self._topic}/days"):
            return True
        try:
            verify_day(day_folder(self._root, self._topic, day))
            return True
        except (BadInput, CorruptFile) as error:
            if last_closing(self._storage, self._topic).number >= closing.number:
                return False
            raise CorruptFile(
                f"{day_name_of(self._topic, day)}: was there before the day was closed, and is no "
                f"closed day ({error}). Nothing was removed. Look at it and move it away: then the "
                "collector closes the day"
            ) from None

    def _complete(self, chains: Chains, closing: Closing, now: Nanoseconds) -> Manifest | None:
        """Put the day of a decision and mark it done; its manifest, None when another did."""
        manifest = None
        before = read_closing(self._storage, self._topic, closing.number - 1)
        # The chains were read before this: if nobody is done now, nothing was removed by then.
        done = is_done(self._storage, self._topic, closing.number)
        if not done and not _was_done(chains, before):
            folder = day_name_of(self._topic, day_name(closing.day))
            try:
                manifest = self._put(chains, before, closing)
            except (FileNotFoundError, CorruptFile) as error:
                ours_went = isinstance(error, FileNotFoundError) and has(
                    self._storage, f"{folder}/{MANIFEST}"
                )
                if not (ours_went or is_done(self._storage, self._topic, closing.number)):
                    raise  # else another closer published, and removed our files or the segments
            self._storage.names(folder, settle=True)  # what died closers left beside the day
        self._check_published(closing)
        if not done:
            mark_done(self._storage, self._topic, closing.number, now)
        for number, cut in closing.cuts.items():
            base = removable(chains.of[number], Cut(closing.day, cut))
            if base > chains.of[number].base:
                move_base(chains.of[number].partition, base)
        return manifest

    def _check_published(self, closing: Closing) -> None:
        """Raises CorruptFile unless the day of a decision is there, whole, or expired since."""
        day = day_name(closing.day)
        try:
            manifest = verify_day(day_folder(self._root, self._topic, day))
        except BadInput as error:
            if is_expired(self._storage, self._topic, day):
                return
            raise CorruptFile(f"{error}. No segment of it was removed") from None
        cuts = {int(number): entry["cut"] for number, entry in manifest["partitions"].items()}
        if cuts != closing.cuts:
            raise CorruptFile(f"{day_name_of(self._topic, day)}: closed at other offsets; {MEND}")

    def _put(self, chains: Chains, before: Closing, closing: Closing) -> Manifest | None:
        def fill(day: DayFile) -> None:
            for number in sorted(closing.cuts):
                chain, start, cut = chains.of[number], before.cut(number), closing.cut(number)
                gone = gaps(chain, start, cut)
                day.begin_partition(number, cut.offset, gone, of=len(closing.cuts))
                for rows in rows_between(chain, start, cut):
                    day.add(rows)

        return put_day(self._storage, self._topic, closing.day, fill)


def unknown_folders(root: Path, topic: str, ends: Mapping[int, int]) -> list[str]:
    """The folders of partitions that `ends` lacks: they were added since it was fetched, or Kafka
    does not know them at all. Their lines belong to a day, or are another store's: no day closes
    until that is known."""
    unknown = set(partitions_of(root, topic)) - set(ends)
    return [Partition(at(root), topic, number).folder for number in sorted(unknown)]


def _is_stale(chains: Chains) -> bool:
    """Whether another closer removed segments meanwhile: then it has closed a day."""
    return any(read_base(chain.partition) != chain.base for chain in chains.of.values())


def _was_done(chains: Chains, before: Closing) -> bool:
    """Whether segments behind the decision before this one were removed: the mark was lost."""
    return any(chain.base > before.cut(number).offset for number, chain in chains.of.items())


def _holds_all(chains: Chains, closing: Closing) -> bool:
    """Whether the store reaches every cut: a damaged segment may have been moved away since the
    decision, and its offsets are read again."""
    return all(chains.of[number].end >= cut for number, cut in closing.cuts.items())


def due_closing(
    chains: Chains,
    ends: Mapping[int, int],
    grace_seconds: float,
    last: Closing,
    now: Nanoseconds,
) -> Closing | None:
    """The next day that is due, with its cuts; None when none is."""
    for day in _candidates(chains, last):
        threshold = (day + 1) * DAY + round(grace_seconds * SECOND)
        cuts = _cuts(chains, ends, threshold, last) if now >= threshold else None
        if cuts is None:
            return None
        # Of those below the cuts: what comes later must not change what day this is.
        lines = sum(count_dated(chain, day, cuts[p]) for p, chain in chains.of.items())
        if lines >= chains.evidence:
            return Closing(last.number + 1, day, cuts)
    return None


def _candidates(chains: Chains, last: Closing) -> list[Day]:
    """The days past the last one that enough lines wait for, ascending.

    Lines of closed days, and the few of a day that is none, are late for the next day.
    """
    days = [day for day, count in chains.lines.items() if count >= chains.evidence]
    return sorted(day for day in days if day > last.day)


def _cuts(
    chains: Chains, ends: Mapping[int, int], threshold: int, last: Closing
) -> dict[int, int] | None:
    """Each partition's cut at `threshold`, or None when the day is not due."""
    passed = chains.passed(threshold)
    if all(offset is None for offset in passed.values()):
        return None
    cuts = {}
    for partition, offset in passed.items():
        if offset is None:
            offset = chains.of[partition].end
            if offset < ends[partition]:
                return None
        cuts[partition] = max(offset, last.cut(partition).offset)
    return cuts


def gaps(chain: Chain, start: Cut, cut: Cut) -> list[dict[str, Any]]:
    """The gaps that a day between `start` and `cut` closes over."""
    return [
        {"partition": chain.partition.number, "start": segment.start, "end": segment.end}
        for segment in chain.segments
        if segment.gap and start.offset <= segment.start < cut.offset
    ]
