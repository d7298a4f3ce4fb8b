"""What happens to a consumer group: sleepers, comings and goings, offsets that are gone."""

import random
import signal
import time

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from tests.faults.bed import Bed, Case
from tests.faults.killing import halves
from tests.faults.members import Member
from tests.faults.outcome import Outcome

TAKE_OVER_SECONDS = 20.0


def sleeper(bed: Bed) -> Outcome:
    """SIGSTOP past the session timeout with lines in memory; another takes over; SIGCONT."""
    outcome = Outcome("SIGSTOP past the session, then SIGCONT")
    rounds = bed.pick(2, 20)
    case = bed.case(2)
    feed = case.feed(case.logs(rounds * 4000), rounds * 6.0)
    awake = case.member(COLLECTOR_SEGMENT_SECONDS=0.7)
    awake.wait_for("segment")
    chance = random.Random(1)
    for _ in range(rounds):
        time.sleep(chance.uniform(0.3, 1.0))
        asleep, awake = awake, case.member(COLLECTOR_SEGMENT_SECONDS=0.7)
        asleep.signal(signal.SIGSTOP)
        if awake.wait_for("segment", TAKE_OVER_SECONDS):
            outcome.tried += 1
        asleep.signal(signal.SIGCONT)
        time.sleep(1.5)
        note_end(outcome, asleep)
    feed.join()
    outcome.took(case.wait_durable())
    note_end(outcome, awake)
    count_refusals(outcome, case)
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    return outcome


def note_end(outcome: Outcome, member: Member) -> None:
    """Stop a member in order and say so when it did not end well."""
    status = member.stop()
    if status == -signal.SIGTERM and not member.events():
        return  # Python was still importing, and nothing was begun
    if status:
        outcome.note(f"a member ended with {status}: {member.tail()}")


def count_refusals(outcome: Outcome, case: Case) -> None:
    """How often the guards were needed."""
    for name in ("lost", "refused"):
        times = sum(len(member.events(name)) for member in case.members)
        outcome.note(f"{name}: {times} times")


def coming_and_going(bed: Bed) -> Outcome:
    """Members that join, leave in order and die, every second or so."""
    outcome = Outcome("members joining and leaving")
    chance = random.Random(2)
    turns = bed.pick(8, 100)
    case = bed.case(4)
    feed = case.feed(case.logs(turns * 2000), turns * 1.7)
    running: list[Member] = []
    for _ in range(turns):
        running = [member for member in running if member.is_running]
        if len(running) < 3 and (len(running) < 2 or chance.random() < 0.5):
            running.append(case.member())
        else:
            member = running.pop(chance.randrange(len(running)))
            note_end(outcome, member) if chance.random() < 0.7 else member.kill()
        outcome.tried += 1
        time.sleep(chance.uniform(0.2, 2.5))
    feed.join()
    for member in running:
        note_end(outcome, member)
    count_refusals(outcome, case)
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    return outcome


def offsets_gone(bed: Bed) -> Outcome:
    """The group's offsets are deleted, or point at the end or the beginning of the log."""
    outcome = Outcome("consumer-group offsets deleted or wrong")
    for what in ("deleted", "at the end", "at the beginning"):
        case = bed.case(2)
        first, second = halves(case, bed.pick(10_000, 100_000))
        case.produce(first)
        case.catch_up(outcome)
        case.produce(second)
        if what == "deleted":
            bed.broker.delete_group(case.group)
        else:
            move_offsets(case, to_end=what == "at the end")
        outcome.tried += 1
        outcome.took(case.catch_up(outcome))
        outcome.add(case.tally())
    return outcome


def move_offsets(case: Case, *, to_end: bool) -> None:
    """Commit other offsets for a group without members."""
    places = [
        TopicPartition(case.topic, p, len(lines) if to_end else 0)
        for p, lines in case.produced.items()
    ]
    request = [ConsumerGroupTopicPartitions(case.group, places)]
    admin = case.broker.admin()  # its futures die with it
    for future in admin.alter_consumer_group_offsets(request).values():
        future.result(20)
