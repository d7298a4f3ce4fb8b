"""Lines that nobody should send: all of them are accounted for, to the byte."""

import random
import time
from collections.abc import Iterator

from movierec.lines.events import BadLine, parse
from movierec.lines.parsing import judge
from movierec.store.days import closed_days, day_folder, read_rejected
from movierec.store.openrows import open_rejected
from tests.faults.bed import Bed, Case
from tests.faults.ledger import stored_lines
from tests.faults.lines import make_log
from tests.faults.outcome import Outcome

BIG = 10 * 1024 * 1024
MAX_BYTES = 12 * 1024 * 1024
BIG_EACH = 3


def lines(bed: Bed) -> Outcome:
    """Poison among good lines; then the store against the parser and against the log."""
    outcome = Outcome("poison lines")
    case = bed.case(2, max_message_bytes=MAX_BYTES)
    for partition in range(2):
        good = make_log(bed.pick(5000, 50_000), partition)
        bad = list(poison(good.lines, random.Random(partition), bed.pick(2000, 50_000)))
        outcome.tried += len(bad)
        whole = mixed(good.lines, bad, random.Random(partition))
        bed.broker.produce(case.topic, whole, partition, message_max_bytes=MAX_BYTES)
        case.produced[partition] += whole
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    misjudged = sum(1 for _ in wrong_verdicts(case))
    outcome.lost += misjudged
    if misjudged:
        outcome.note(f"{misjudged} lines were stored as good or bad against the parser")
    return outcome


def poison(good: list[bytes], chance: random.Random, mutations: int) -> Iterator[bytes | None]:
    """Every kind of bad line."""
    yield from (None, b"", b"\0", b"\n", b",", b",,", b"\xff\xfe", b"\xc3", b"\0" * 1000)
    yield from (b"2022-11-14T12:24", "2022-11-14T12:24,1,GET /rate/é=3".encode())
    for i in range(BIG_EACH):
        yield bytes([65 + i]) * BIG
        yield good[i] + b"\0" * BIG
        yield good[i][:-4] + b"9" * BIG + b".mpg"
    for _ in range(mutations):
        line = chance.choice(good)
        match chance.randrange(5):
            case 0:
                yield line[: chance.randrange(len(line))]
            case 1:
                yield line[chance.randrange(1, len(line)) :]
            case 2:
                yield mutated(line, chance)
            case 3:
                yield chance.randbytes(chance.randrange(200))
            case 4:
                yield line + chance.choice([b"\n", b"\r\n", b" ", b"\0", b"\xff", line])


def mutated(line: bytes, chance: random.Random) -> bytes:
    """A few bytes changed."""
    changed = bytearray(line)
    for _ in range(chance.randrange(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def mixed(good: list[bytes], bad: list[bytes | None], chance: random.Random) -> list[bytes | None]:
    """Both, the good ones in order, the bad ones anywhere."""
    whole: list[bytes | None] = [*good]
    places = sorted((chance.randrange(len(good) + 1) for _ in bad), reverse=True)
    for place, line in zip(places, bad, strict=True):
        whole.insert(place, line)
    return whole


def wrong_verdicts(case: Case) -> Iterator[tuple[int, int]]:
    """Offsets whose row says another thing than `events.parse`."""
    now = int(time.time() * 1000)  # a timestamp as good as the records' own
    rejected: set[tuple[int, int]] = set()
    for day in closed_days(case.store, case.topic):
        entries = read_rejected(day_folder(case.store, case.topic, day))
        rejected |= {(e["partition"], e["offset"]) for e in entries}
    rejected |= {(e["partition"], e["offset"]) for e in open_rejected(case.store, case.topic)}
    for partition, offset, line in stored_lines(case.store, case.topic):
        bad = isinstance(line, tuple) or isinstance(judge(line, now, now, parse), BadLine)
        if bad != ((partition, offset) in rejected):
            yield partition, offset
