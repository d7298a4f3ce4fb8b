"""What happens to topics and to the store's place: made anew, deleted, grown, emptied."""

import shutil
import time
from collections import Counter
from collections.abc import Iterable

from tests.faults.bed import Bed, Case
from tests.faults.ledger import stored_lines
from tests.faults.lines import Log, make_log
from tests.faults.members import Member
from tests.faults.outcome import Outcome

REFUSE_SECONDS = 60.0


def made_anew(bed: Bed) -> Outcome:
    """A topic is deleted and made anew under its name: fewer lines than before, as many, more."""
    outcome = Outcome("topic made anew, running and stopped")
    for count in (1000, 5000) if bed.quick else (300, 1000, 5000):
        for running in (True, False):
            case, member = filled(bed, 1000), None
            if running:
                member = case.member()
                member.wait_for("broker answers")
            new = make_anew(case, count)
            refused(outcome, member or case.member(), "was made anew", "COLLECTOR_ACCEPT_NEW_TOPIC")
            outcome.tried += 1
            compare(outcome, case, case.produced[0], foreign=new.lines)
    return outcome


def made_anew_and_accepted(bed: Bed) -> Outcome:
    """The operator says to go on: what was there stays, what is new comes, the gap is named."""
    outcome = Outcome("topic made anew, and told to go on")
    case = filled(bed, 1000)
    everything = list(case.produced[0])
    for round_ in range(bed.pick(2, 4)):
        new = make_anew(case, 1000)
        log = refused(outcome, case.member(), "was made anew", "COLLECTOR_ACCEPT_NEW_TOPIC")
        told = {"COLLECTOR_ACCEPT_NEW_TOPIC": log.split("COLLECTOR_ACCEPT_NEW_TOPIC=")[1][:22]}
        outcome.took(case.catch_up(outcome, **told))
        everything += new.lines
        outcome.tried += 1
        if len(gaps := case.members[-1].events("gap")) != 1:
            outcome.undetected += 1
            outcome.note(f"round {round_}: {len(gaps)} gaps were said")
        outcome.took(case.catch_up(outcome))  # and without the setting, from now on
    compare(outcome, case, everything)
    return outcome


def deleted(bed: Bed) -> Outcome:
    """The topic is deleted while it is collected: it stays deleted, and that is said."""
    outcome = Outcome("topic deleted while it is collected")
    case = filled(bed, 1000)
    member = case.member()
    member.wait_for("broker answers")
    case.broker.delete_topic(case.topic)
    refused(outcome, member, f"topic {case.topic} was deleted")
    outcome.tried += 1
    if case.topic in case.broker.admin().list_topics(timeout=20).topics:
        outcome.undetected += 1
        outcome.note("somebody made it again")
    compare(outcome, case, case.produced[0])
    return outcome


def grown(bed: Bed) -> Outcome:
    """Partitions are added while it runs: taken over, and days wait for them."""
    outcome = Outcome("partitions added while it runs")
    for _ in range(bed.pick(1, 3)):
        case = filled(bed, 2000)
        member = case.member()
        member.wait_for("broker answers")
        case.broker.add_partitions(case.topic, 3)
        case.produced |= {1: [], 2: []}
        case.produce([make_log(2000, seed) for seed in (7, 8, 9)])
        outcome.tried += 1
        outcome.took(case.wait_durable())
        if status := member.stop():
            outcome.stuck += 1
            outcome.note(f"it ended with {status}: {member.tail()}")
        case.catch_up(outcome)
        outcome.add(case.tally())
    return outcome


def store_emptied(bed: Bed) -> Outcome:
    """The store is not where it was, and the broker keeps but the newest lines."""
    outcome = Outcome("store emptied, moved or not mounted")
    case = filled(bed, 2000)
    moved = case.folder / "moved"
    case.store.rename(moved)
    refused(outcome, case.member(), "moved or emptied, or is not mounted", "COLLECTOR_GROUP")
    refused(outcome, case.member("--until-caught-up"), "moved or emptied")
    outcome.tried += 2
    shutil.rmtree(case.store)
    moved.rename(case.store)
    case.produce(case.logs(1000))
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    case.store.rename(moved)  # on purpose this time, as the message says
    outcome.took(case.catch_up(outcome, group=f"{case.group}-2"))
    outcome.add(case.tally())
    return outcome


def filled(bed: Bed, count: int) -> Case:
    """One partition whose lines are all on disk, and no other client of the topic."""
    case = bed.case(1)
    case.produce([make_log(count, 1)])
    if status := case.member("--until-caught-up").wait(REFUSE_SECONDS):
        raise AssertionError(f"it ended with {status}: {case.members[-1].tail()}")
    return case


def make_anew(case: Case, count: int) -> Log:
    """Delete the topic, make another of its name, and fill that at once."""
    case.broker.delete_topic(case.topic)
    case.broker.make_topic(case.topic)
    log = make_log(count, 2)
    case.broker.produce(case.topic, log.lines, 0, log.timestamps)
    return log


def refused(outcome: Outcome, member: Member, *words: str) -> str:
    """The collector must end by itself, with one line that says these words; its log."""
    started = time.monotonic()
    status = member.wait(REFUSE_SECONDS)
    outcome.took(time.monotonic() - started)
    log = member.log.read_text(errors="replace")
    said = [line for line in log.splitlines() if not line.startswith("{")]
    if status != 2 or len(said) != 1 or not all(word in said[0] for word in words):
        outcome.undetected += 1
        outcome.note(f"it ended with {status}: {member.tail()}")
    return log


def compare(
    outcome: Outcome,
    case: Case,
    wanted: Iterable[bytes | None],
    foreign: Iterable[bytes | None] = (),
) -> None:
    """The lines on disk against those that must be there, and none of `foreign` beside them."""
    must: Counter[object] = Counter(wanted)
    have: Counter[object] = Counter(line for *_, line in stored_lines(case.store, case.topic))
    outcome.lines += must.total()
    outcome.lost += (must - have).total()
    outcome.doubled += (have - must).total()
    outcome.undetected += sum(line in have and line not in must for line in set(foreign))
