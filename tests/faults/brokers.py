"""What happens to the broker: killed, paused, and forgetting lines before they are read."""

import signal
import time
from collections.abc import Callable

from movierec.store.chain import read_end
from movierec.store.segments import partition_at
from tests.faults.bed import Bed, Case
from tests.faults.killing import halves
from tests.faults.outcome import Outcome


def killed(bed: Bed) -> Outcome:
    """kill -9 of the broker while lines come and go, and a restart a second later."""

    def kill(case: Case) -> None:
        bed.broker.kill()
        time.sleep(1)
        bed.broker.start()

    return disturbed(bed, Outcome("broker killed and restarted"), kill, bed.pick(1, 5))


def paused(bed: Bed) -> Outcome:
    """SIGSTOP of the broker, for longer than the session timeout."""

    def pause(case: Case) -> None:
        with bed.broker.paused():
            time.sleep(bed.pick(6, 15))

    return disturbed(bed, Outcome("broker paused"), pause, bed.pick(1, 3))


def disturbed(bed: Bed, outcome: Outcome, disturb: Callable[[Case], None], rounds: int) -> Outcome:
    """Lines keep coming, one collector keeps reading, and something happens to the broker."""
    case = bed.case(4)
    member = case.member()
    for logs in pieces(case, rounds * 20_000, rounds):
        feed = case.feed(logs, 4.0)
        time.sleep(2.0)
        disturb(case)
        feed.join()
        outcome.tried += 1
        outcome.took(case.wait_durable())
    if status := member.stop():
        outcome.note(f"the member ended with {status}: {member.tail()}")
    case.catch_up(outcome)
    compare_with_the_log(case, outcome)
    outcome.add(case.tally())
    return outcome


def compare_with_the_log(case: Case, outcome: Outcome) -> None:
    """Let what the broker holds be the truth: a producer cut off by a dead broker sends a batch
    again, now and then, under a new id. All that was sent must be there, though."""
    for partition, sent in case.produced.items():
        held = case.broker.read(case.topic, partition)
        assert set(sent) <= set(held), f"partition {partition}: the broker lost lines"
        if len(held) > len(sent):
            outcome.note(f"the producer sent {len(held) - len(sent)} lines of {partition} twice")
        case.produced[partition] = held


def pieces(case: Case, count: int, rounds: int) -> list[list]:  # type: ignore[type-arg]
    """The logs of a case in `rounds` parts."""
    logs = case.logs(count)
    size = len(logs[0].lines) // rounds
    return [[log[i * size : (i + 1) * size] for log in logs] for i in range(rounds)]


def retention(bed: Bed) -> Outcome:
    """The broker forgets lines before the collector has read them."""
    outcome = Outcome("retention overtakes the collector")
    named = 0
    for state in (stopped, asleep, empty):
        case = bed.case(2)
        forget(case, state(case, outcome, bed.pick(8000, 80_000)))
        outcome.tried += 1
        for member in case.members:
            if member.is_running:
                member.signal(signal.SIGCONT)
                outcome.took(case.wait_durable())
                member.stop()
        outcome.took(case.catch_up(outcome))
        tally = case.tally()
        named += tally.in_gaps
        outcome.add(tally)
    outcome.note(f"gap records name the {named:,} lines that the broker had deleted")
    return outcome


def stopped(case: Case, outcome: Outcome, count: int) -> int:
    """A collector that was stopped halfway; returns up to where the broker forgets."""
    first, second = halves(case, count)
    case.produce(first)
    case.catch_up(outcome)
    case.produce(second)
    return count // 2 * 3 // 4


def asleep(case: Case, outcome: Outcome, count: int) -> int:
    """A collector that is paused while it runs, shorter than its session."""
    first, second = halves(case, count)
    case.produce(first)
    member = case.member(COLLECTOR_SESSION_TIMEOUT_MS=20_000)
    case.wait_durable()
    member.signal(signal.SIGSTOP)
    case.produce(second)
    return count // 2 * 3 // 4


def empty(case: Case, outcome: Outcome, count: int) -> int:
    """A store that has nothing yet, and a log that is empty from end to end."""
    first, _ = halves(case, count)
    case.produce(first)
    return len(first[0].lines)


def forget(case: Case, before: int) -> None:
    """Delete the records before an offset of each partition."""
    for partition, lines in case.produced.items():
        case.broker.delete_records(case.topic, partition, before)
        start = case_start(case, partition)
        case.gone[partition] = set(range(start, min(before, len(lines))))


def case_start(case: Case, partition: int) -> int:
    """Where the store ends now: what it has already cannot be lost."""
    return read_end(partition_at(case.store, case.topic, partition))
