"""Wrong clocks among right ones: every line of a right clock must be in the day of its time."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from movierec.store.days import closed_days, day_folder, read_day, read_rejected
from movierec.store.openrows import open_rejected, open_rows
from movierec.times import DAY, day_name
from tests.faults.bed import Bed, Case
from tests.faults.lines import DAYS, FIRST, Log, make_log
from tests.faults.outcome import Outcome

NO_TIMESTAMP = -1
IN_2099 = 4_070_908_800_000
BURST = 40
"""More lines in a row than the evidence: the door must set them aside."""
KAFKA_DEFAULT = 3_600_000
OFF = 2**63 - 1
WATCH = "GET /data/m/a+wrong+clock+1999/1.mpg"


def wrong(bed: Bed) -> Outcome:
    """2099, no timestamp, 20 hours ahead, a wrong time zone, 1970, and one user always ahead;
    on topics with and without the broker's own guard against timestamps."""
    outcome = Outcome("wrong clocks")
    for guard in (OFF, KAFKA_DEFAULT):
        case = bed.case(2, message_timestamp_after_max_ms=guard)
        right = {p: mixed(case, p, bed.pick(4000, 40_000), guard) for p in range(2)}
        outcome.tried += sum(len(log) - len(right[p]) for p, log in case.produced.items())
        outcome.took(case.catch_up(outcome))
        outcome.add(case.tally())
        misplaced = sum(1 for _ in in_another_day(case, right))
        outcome.lost += misplaced
        if misplaced:
            outcome.note(f"{misplaced} lines of right clocks are in another day")
        if (days := closed_days(case.store, case.topic)) != DAYS:
            outcome.stuck += 1
            outcome.note(f"closed {days}, expected {DAYS}")
        state = "off" if guard == OFF else "on"
        outcome.note(f"the broker's guard {state}; set aside: {dict(Counter(set_aside(case)))}")
    return outcome


def mixed(case: Case, partition: int, count: int, guard: int) -> set[int]:
    """Produce a log with wrong clocks in it; the offsets of the lines of right clocks."""
    log, right = make_log(count, partition), set[int]()
    pieces = 8
    for piece in range(pieces):
        part = log[count * piece // pieces : count * (piece + 1) // pieces]
        lines, timestamps = [], []
        for i, (line, timestamp) in enumerate(zip(*part, strict=True)):
            right.add(len(case.produced[partition]) + len(lines))
            lines.append(line)
            timestamps.append(timestamp)
            for bad, at in beside(timestamp, i):
                lines.append(bad)
                timestamps.append(at)
        send(case, partition, Log(lines, timestamps))
        send(case, partition, far_ahead(NO_TIMESTAMP))
        if guard == OFF:
            send(case, partition, far_ahead(IN_2099))
        else:
            refused(case, partition, far_ahead(IN_2099)[:1])
    return right


def beside(timestamp: int, i: int) -> Iterator[tuple[bytes, int]]:
    """Wrong lines after the `i`th right one: one in five, all of them few in a row."""
    if i % 10 == 0:  # one user, who is always ahead, and whose record is as wrong
        yield line_at(timestamp, minutes=50), timestamp + 50 * 60_000
    if i % 50 == 1:
        yield line_at(timestamp, minutes=20 * 60), timestamp
        yield line_at(timestamp, minutes=20 * 60), timestamp + 20 * 3_600_000
    if i % 50 == 2:
        yield line_at(timestamp, minutes=5 * 60), timestamp + 5 * 3_600_000
        yield f"1970-01-01T00:00:07,5,{WATCH}".encode(), timestamp


def line_at(timestamp: int, minutes: int) -> bytes:
    """A line so many minutes ahead of a timestamp."""
    at = FIRST.fromtimestamp(timestamp / 1000, FIRST.tzinfo) + timedelta(minutes=minutes)
    return f"{at:%Y-%m-%dT%H:%M:%S},4,{WATCH}".encode()


def far_ahead(timestamp: int) -> Log:
    """What one device sends at once, from 2099."""
    lines = [f"2099-01-01T00:00:{i:02d},6,{WATCH}".encode() for i in range(BURST)]
    return Log(lines, [timestamp] * BURST)


def send(case: Case, partition: int, log: Log) -> None:
    """Append a log to one partition."""
    case.broker.produce(case.topic, log.lines, partition, log.timestamps)
    case.produced[partition] += log.lines


def refused(case: Case, partition: int, log: Log) -> None:
    """The broker itself takes no record so far ahead."""
    try:
        case.broker.produce(
            case.topic, log.lines, partition, log.timestamps, enable_idempotence="false"
        )
    except AssertionError:
        return
    raise AssertionError("the broker took a record from 2099")


def in_another_day(case: Case, right: dict[int, set[int]]) -> Iterator[tuple[int, int]]:
    """Lines of right clocks that are not in the day of their time, or missing there."""
    for day in closed_days(case.store, case.topic):
        rows = read_day(day_folder(case.store, case.topic, day), ["partition", "offset", "time"])
        for row in rows.to_pylist():
            if row["offset"] in right[row["partition"]] and day_name(row["time"] // DAY) != day:
                yield row["partition"], row["offset"]
    for row in open_rows(case.store, case.topic).to_pylist():
        if row["offset"] in right[row["partition"]] and day_name(row["time"] // DAY) in DAYS:
            yield row["partition"], row["offset"]


def set_aside(case: Case) -> Iterator[str]:
    """The reason of every line that was set aside by its time."""
    reasons = [entry["reason"] for entry in open_rejected(case.store, case.topic)]
    for day in closed_days(case.store, case.topic):
        reasons += [e["reason"] for e in read_rejected(day_folder(case.store, case.topic, day))]
    yield from (reason for reason in reasons if reason.startswith("time-ahead"))
