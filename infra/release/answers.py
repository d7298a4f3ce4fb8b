"""Answers in the served log: closed days and what no day holds yet, by the store's own readers.

A line dated D is in the closed day D, in a later one when it came late, or in none yet. So of
closed days after the last date that is wanted only those are read that say they hold late lines.
A line may stand twice (a retry): who asks for one answer or a sample gets it once.
"""

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from movierec.errors import BadInput
from movierec.lines.events import BadLine
from movierec.lines.served import Served, parse_served
from movierec.store.days import closed_days, day_folder, read_manifest, stream_day
from movierec.store.openrows import open_rows
from movierec.times import DAY, HOUR, Day, Nanoseconds, day_name, day_number, day_start

NEAR = HOUR
"""Others of the same user are told of, so far around."""
Rows: TypeAlias = pa.RecordBatch | pa.Table
Mask: TypeAlias = Callable[[Rows], Any]


@dataclass(frozen=True)
class Found:
    """A line of the served log."""

    line: bytes
    said: dict[str, Any]
    """The line's fields."""
    time: Nanoseconds
    where: str
    """In the log, for a person."""

    @classmethod
    def of(cls, line: bytes, where: str) -> "Found":
        """That of a line (without its newline). Raises BadInput when it is no served line."""
        served = parse_served(line)
        if isinstance(served, BadLine):
            raise BadInput(
                f"{where}: {line[:60]!r} is no served line ({served.reason}); expected the JSON of "
                f"one"
            )
        return cls.of_served(served, where)

    @classmethod
    def of_served(cls, served: Served, where: str) -> "Found":
        """That of a line that was read."""
        return cls(served.text.encode(), json.loads(served.text), served.time, where)


@dataclass(frozen=True)
class ServedLog:
    """The topic of answers in a store."""

    root: Path
    topic: str = "served"

    def last(self, user: int, until: Nanoseconds) -> tuple[Found | None, list[Found]]:
        """A user's last answer before `until`, and the others within NEAR of that, by time.

        Reads days from that of `until` backwards, as far as it takes.
        """
        found: list[Found] = []
        wanted = partial(_of_user, user, until + NEAR)
        for day, rows in self._newest_first((until + NEAR) // DAY):
            before = [answer.time for answer in found if answer.time < until]
            if before and day is not None and max(before) >= day_start(day + 1):
                break  # what is in that day and those before it is older
            found += self._taken(rows, wanted, day)
        found = sorted(distinct(found), key=lambda answer: answer.time)
        earlier = [answer for answer in found if answer.time < until]
        last = earlier[-1] if earlier else None
        near = [a for a in found if a is not last and abs(a.time - until) <= NEAR]
        return last, near

    def requests(self, ids: Sequence[str], day: str | None = None) -> list[Found]:
        """The answers to these requests, by time; a caller may have given an id to several.

        Of the newest day that has an id, when no `day` is named. Raises BadInput when an id is
        nowhere.
        """
        found: list[Found] = []
        missing = set(ids)
        wanted = partial(_of_requests, [json.dumps(id) for id in ids])
        last = None if day is None else day_number(day)
        for number, rows in self._newest_first(last):
            if not missing or (number is not None and last is not None and number < last):
                break
            taken = [
                answer
                for answer in self._taken(rows, wanted, number)
                if answer.said["request_id"] in missing and last in (None, answer.time // DAY)
            ]
            found += taken
            missing -= {answer.said["request_id"] for answer in taken}
        if missing:
            raise BadInput(
                f"{self.root / self.topic}: no answer to the request {', '.join(sorted(missing))}"
                f"{f' of {day}' if day else ''}; it may not have come yet, or its day has expired; "
                f"{self.says()}"
            )
        return sorted(distinct(found), key=lambda answer: answer.time)

    def all(self, day: str | None = None) -> Iterator[Found]:
        """Every answer of a day, or of all there are, the newest day first; one whose line stands
        twice comes twice."""
        number = None if day is None else day_number(day)
        wanted = partial(_within, *((None, None) if number is None else (number, number + 1)))
        for held, rows in self._newest_first(number):
            if held is not None and number is not None and held < number:
                break
            yield from self._taken(rows, wanted, held)

    def says(self) -> str:
        """What there is, for who finds nothing."""
        days = closed_days(self.root, self.topic)
        closed = f"{days[0]} to {days[-1]}" if days else "none"
        return f"closed days there: {closed}"

    def _newest_first(self, last: Day | None) -> Iterator[tuple[Day | None, Iterable[Rows]]]:
        """What may hold lines dated `last` or earlier: the open rows (None), then closed days.

        The open rows are read before the closed days are listed: a day that closes meanwhile is
        read twice, and not never.
        """
        yield None, [open_rows(self.root, self.topic)]
        for day in reversed(closed_days(self.root, self.topic)):
            number = day_number(day)
            if last is None or number <= last or self._has_late(day):
                yield number, stream_day(day_folder(self.root, self.topic, day))

    def _has_late(self, day: str) -> bool:
        return bool(read_manifest(self.root, self.topic, day)["totals"]["late"])

    def _taken(self, rows: Iterable[Rows], wanted: Mask, day: Day | None) -> Iterator[Found]:
        where = "no closed day yet" if day is None else f"the closed day {day_name(day)}"
        columns = ["partition", "offset", "time", "digits", "user", "text"]
        for part in rows:
            for row in part.select(columns).filter(wanted(part)).to_pylist():
                served = Served(row["time"], row["digits"], row["user"], row["text"])
                place = f"{self.topic}: {where}, partition {row['partition']}"
                yield Found.of_served(served, f"{place}, offset {row['offset']}")


def _of_user(user: int, before: Nanoseconds, rows: Rows) -> Any:
    return pc.and_(pc.equal(rows.column("user"), user), pc.less(rows.column("time"), before))


def _of_requests(texts: list[str], rows: Rows) -> Any:
    return reduce(pc.or_, [pc.match_substring(rows.column("text"), text) for text in texts])


def _within(first: Day | None, end: Day | None, rows: Rows) -> Any:
    times = rows.column("time")
    if first is None or end is None:
        return pc.is_valid(times)
    return pc.and_(pc.greater_equal(times, day_start(first)), pc.less(times, day_start(end)))


def distinct(found: Iterable[Found]) -> Iterator[Found]:
    """Each line once."""
    return iter({answer.line: answer for answer in found}.values())


def sample(found: Iterable[Found], size: int, seed: int) -> list[Found]:
    """So many of the answers, by time: the same ones of the same lines, wherever they stand."""

    def rank(answer: Found) -> bytes:
        return sha256(b"%d " % seed + answer.line).digest()

    # A line may stand twice: enough of them for so many different ones.
    least = heapq.nsmallest(2 * size, found, key=rank)
    return sorted(list(distinct(least))[:size], key=lambda answer: answer.time)
