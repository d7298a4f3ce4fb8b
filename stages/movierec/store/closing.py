"""Closes days, exactly once, with any number of closers.

    <root>/<topic>/closings/<number, 8 digits>.json   a day and its cuts: decided
                            <number, 8 digits>.done   that day is published and durable

1. The next day and its cuts are decided by linking the next number without replacing: one
   closer wins, the others take its decision.
2. Every closer can build the day from the log and the cuts, to the same bytes; the first
   to rename its draft publishes it.
3. `.done` is linked. Only then may segments go: their rows are in closed, durable days.

A closer that dies anywhere leaves a state from which the next one goes on.
"""

import contextlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.errors import CorruptFile
from movierec.store.dayfile import DayFile
from movierec.store.days import day_folder
from movierec.store.durable import make_folder, publish_file, publish_folder, sync_folder
from movierec.store.placing import NOTHING, Cut, crossing, removable, rows_between
from movierec.store.segments import (
    Chain,
    move_base,
    partitions_of,
    read_chain,
    segments_folder,
)
from movierec.times import DAY, SECOND, day_name, day_number


@dataclass(frozen=True)
class Closing:
    """A decision: day number `number` of this topic is `day`, cut at these offsets."""

    number: int
    day: int
    cuts: Mapping[int, int]

    def cut(self, partition: int) -> Cut:
        """The state of a partition after this day; a partition added later starts at 0."""
        return Cut(self.day, self.cuts.get(partition, 0))


BEFORE_ALL = Closing(0, NOTHING.day, {})


def close_due_days(
    root: Path, topic: str, ends: Mapping[int, int], grace_seconds: float
) -> list[str]:
    """Close every day that the stream has passed by the grace period; the days closed.

    `ends` maps EVERY partition of the topic to its end offset in Kafka, fetched just
    before the call. A partition passes a day when its event times reach the day's end
    plus the grace, or when it is silent: the store has all of it up to its end, and
    another partition has passed. Any number of collectors may call this at any time.
    """
    unknown = set(partitions_of(root, topic)) - set(ends)
    if unknown:
        raise ValueError(f"{topic}: the store has partitions {sorted(unknown)}, `ends` lacks them")
    closed = []
    last = last_closing(root, topic)
    if last.number and not _done_path(root, topic, last.number).exists():
        closed += _complete(root, topic, last)
    while (closing := _decide(root, topic, ends, grace_seconds)) is not None:
        closed += _complete(root, topic, closing)
    return closed


def last_closing(root: Path, topic: str) -> Closing:
    """The last decision, or BEFORE_ALL."""
    return _closing(root, topic, max(_numbers(root, topic), default=0))


def _numbers(root: Path, topic: str) -> list[int]:
    return [int(path.stem) for path in (root / topic / "closings").glob("[0-9]*.json")]


def _closing(root: Path, topic: str, number: int) -> Closing:
    if number == 0:
        return BEFORE_ALL
    path = root / topic / "closings" / f"{number:08d}.json"
    try:
        document = json.loads(path.read_text())
        cuts = {int(p): int(cut) for p, cut in document["cuts"].items()}
        return Closing(number, day_number(document["day"]), cuts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(f"{path}: not a closing ({error}); restore it from a backup") from None


def _done_path(root: Path, topic: str, number: int) -> Path:
    return root / topic / "closings" / f"{number:08d}.done"


def _decide(
    root: Path, topic: str, ends: Mapping[int, int], grace_seconds: float
) -> Closing | None:
    """Decide the next day that is due, or take another closer's decision; None when none is."""
    last = last_closing(root, topic)
    chains = {partition: read_chain(root, topic, partition) for partition in sorted(ends)}
    for day in _candidates(chains, last):
        threshold = (day + 1) * DAY + round(grace_seconds * SECOND)
        cuts = _cuts(chains, ends, threshold, last)
        if cuts is None:
            return None
        closing = Closing(last.number + 1, day, cuts)
        if _holds_a_row(chains, last, closing):
            return _announce(root, topic, closing)
    return None


def _candidates(chains: Mapping[int, Chain], last: Closing) -> list[int]:
    """The days that lines wait for, ascending. Lines of closed days are late for the next."""
    days = {
        max(day, last.day + 1)
        for chain in chains.values()
        for segment in chain.segments
        for day in segment.dates
    }
    return sorted(days)


def _cuts(
    chains: Mapping[int, Chain], ends: Mapping[int, int], threshold: int, last: Closing
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


def _holds_a_row(chains: Mapping[int, Chain], last: Closing, closing: Closing) -> bool:
    return any(
        table.num_rows
        for partition, chain in chains.items()
        for table in rows_between(
            chain, last.cut(partition), closing.cut(partition), ["offset", "time"]
        )
    )


def _announce(root: Path, topic: str, closing: Closing) -> Closing:
    folder = root / topic / "closings"
    make_folder(folder)
    cuts = {str(partition): cut for partition, cut in sorted(closing.cuts.items())}
    document = {"day": day_name(closing.day), "cuts": cuts}
    text = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
    try:
        publish_file(folder / f"{closing.number:08d}.json", lambda file: file.write(text))
    except FileExistsError:
        return _closing(root, topic, closing.number)
    return closing


def _complete(root: Path, topic: str, closing: Closing) -> list[str]:
    """Build, publish and mark the day of a decision; [its name], or [] when another did."""
    done = _done_path(root, topic, closing.number)
    before = _closing(root, topic, closing.number - 1)
    folder = day_folder(root, topic, day_name(closing.day))
    mine = False
    if not folder.exists():
        try:
            mine = _publish_day(root, topic, before, closing, folder)
        except (FileNotFoundError, CorruptFile):
            if not done.exists():  # else another closer finished and removed the segments
                raise
    sync_folder(folder.parent)  # whoever renamed it may have died before this
    with contextlib.suppress(FileExistsError):
        publish_file(done, lambda file: None)
    _tidy(root, topic, closing)
    return [folder.name] if mine else []


def _publish_day(root: Path, topic: str, before: Closing, closing: Closing, folder: Path) -> bool:
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.draft")
    make_folder(folder.parent)
    draft.mkdir()
    try:
        day = DayFile(draft, topic, closing.day)
        for partition in sorted(closing.cuts):
            chain = read_chain(root, topic, partition)
            start, cut = before.cut(partition), closing.cut(partition)
            day.begin_partition(partition, cut.offset, _gaps(chain, partition, start, cut))
            for rows in rows_between(chain, start, cut):
                day.add(rows)
        day.finish()
        publish_folder(draft, folder)
    except (FileExistsError, FileNotFoundError):
        if folder.exists():  # another closer published it, and took our draft away
            return False
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _gaps(chain: Chain, partition: int, start: Cut, cut: Cut) -> list[dict[str, Any]]:
    """The gaps that this day closes over."""
    return [
        {"partition": partition, "start": segment.start, "end": segment.end}
        for segment in chain.segments
        if segment.gap and start.offset <= segment.start < cut.offset
    ]


def _tidy(root: Path, topic: str, closing: Closing) -> None:
    """Remove the segments that this day made needless, and drafts of dead closers."""
    for partition in closing.cuts:
        chain = read_chain(root, topic, partition)
        base, watermark = removable(chain, closing.cut(partition))
        if base > chain.base:
            move_base(segments_folder(root, topic, partition), base, watermark)
    for draft in (root / topic / "days").glob(f".{day_name(closing.day)}.*.draft"):
        shutil.rmtree(draft, ignore_errors=True)
