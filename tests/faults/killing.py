"""kill -9: at every system call that changes the disk, and at random moments."""

import random
import re
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.bed import Bed, Case
from tests.faults.outcome import Outcome

CALLS = ["write", "fsync", "link", "unlink", "rename", "mkdir", "rmdir"]
TRACE = ["strace", "-f", "-qq"]
LANES = 2
RUN_SECONDS = 60.0


def at_syscalls(bed: Bed) -> Outcome:
    """kill -9 instead of the Nth call, for every N that one run makes of each call."""
    outcome = Outcome("kill -9 at every write, fsync, link, unlink …")
    case = half_collected(bed, outcome)
    template = case.folder / "template"
    case.store.rename(template)
    counts = calls_of_a_run(case, template)
    places = [
        (call, number)
        for call, count in counts.items()
        for number in spread(count, bed.pick(2, count))
    ]
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lambda place: kill_at(case, template, outcome, *place), places))
    outcome.note("calls in a run: " + ", ".join(f"{c} {n}" for c, n in counts.items()))
    return outcome


def half_collected(bed: Bed, outcome: Outcome) -> Case:
    """A case whose store has the first half of its lines; the second is produced."""
    case = bed.case(3)
    first, second = halves(case, 3600)
    case.produce(first)
    case.catch_up(outcome)
    case.produce(second)
    return case


def halves(case: Case, count: int) -> tuple[list, list]:  # type: ignore[type-arg]
    """The logs of a case, each cut in two."""
    logs = case.logs(count)
    cut = len(logs[0].lines) // 2
    return [log[:cut] for log in logs], [log[cut:] for log in logs]


def calls_of_a_run(case: Case, template: Path) -> dict[str, int]:
    """How often one thread makes each call in a run that nothing disturbs."""
    trace, store = case.folder / "trace", case.folder / "counted"
    shutil.copytree(template, store)
    tracer = [*TRACE, "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    member = case.member("--until-caught-up", root=store, group="counted", tracer=tracer)
    assert member.wait(RUN_SECONDS) == 0, member.tail()
    found = Counter(re.findall(r"^(\d+) +(\w+)\(", trace.read_text(), re.MULTILINE))
    return {
        call: max((n for (_, name), n in found.items() if name == call), default=0)
        for call in CALLS
    }


def spread(count: int, most: int) -> list[int]:
    """At most `most` numbers of 1 … count, evenly, both ends among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / max(1, most - 1)) for i in range(most)})


def kill_at(case: Case, template: Path, outcome: Outcome, call: str, number: int) -> None:
    """One try: a store of its own, killed there, recovered, examined."""
    name = f"{call}-{number}"
    store = case.folder / name
    shutil.copytree(template, store)
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    tracer = [*TRACE, "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
    member = case.member("--until-caught-up", root=store, group=f"{name}-killed", tracer=tracer)
    if member.wait(RUN_SECONDS) != 0:  # else this run made fewer calls
        outcome.tried += 1
    outcome.took(case.catch_up(outcome, root=store, group=f"{name}-recovers"))
    tally = case.tally(store)
    if tally.lost or tally.doubled or tally.undetected:
        outcome.note(f"{name}: lost {tally.lost}, doubled {tally.doubled}")
    outcome.add(tally)
    shutil.rmtree(store)


def at_random(bed: Bed) -> Outcome:
    """kill -9 at random moments while lines arrive; the same group goes on each time."""
    outcome = Outcome("kill -9 at random moments")
    lines, kills = bed.pick(40_000, 1_000_000), bed.pick(8, 200)
    with ThreadPoolExecutor(LANES) as pool:
        cases = list(
            pool.map(
                lambda seed: kill_often(bed, outcome, lines // LANES, kills // LANES, seed),
                range(LANES),
            )
        )
    for case in cases:
        outcome.took(case.catch_up(outcome))
        outcome.add(case.tally())
    return outcome


def kill_often(bed: Bed, outcome: Outcome, lines: int, kills: int, seed: int) -> Case:
    """Kill one collector of a topic after another."""
    chance = random.Random(seed)
    case = bed.case(4)
    feed = case.feed(case.logs(lines), kills * 3.0)
    for _ in range(kills):
        member = case.member(COLLECTOR_SEGMENT_SECONDS=0.1, COLLECTOR_SEGMENT_ROWS=3000)
        member.wait_for("resumes", 10)
        time.sleep(chance.uniform(0.0, 0.8))
        member.kill()
        outcome.tried += 1
    feed.join()
    return case
