"""The store on S3: kill -9 at every request to it, faults on the way there, and its server killed.

The server is versitygw, one for the run; between it and each collector that is to die stands a
proxy, which knows what the collector asks for and when.
"""

import random
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from movierec.url import Url
from tests.brokers.s3 import BUCKET, Fault, Request, Server, proxied
from tests.faults.bed import Bed, Case
from tests.faults.killing import LANES, RUN_SECONDS, half_collected, spread
from tests.faults.outcome import Outcome

WHEN = ("before", "after")
"""The server has not heard of the request; it has done it, and the answer is not out yet."""
MOODS = [
    Fault(lost=True),
    Fault(503, "SlowDown"),
    Fault(500, "InternalError"),
    Fault(409, "ConditionalRequestConflict"),
    Fault(cut=40),
    Fault(before=lambda: time.sleep(0.3)),
]
MOODY = 0.25
"""The share of requests that meet one of them."""
TRIES = {"AWS_MAX_ATTEMPTS": "30"}


def server_of(bed: Bed) -> Server:
    """The server of a run on S3."""
    assert bed.server is not None
    return bed.server


def killed_at_requests(bed: Bed) -> Outcome:
    """kill -9 before and after the Nth request, for every N that one run makes of each kind."""
    outcome = Outcome("kill -9 before and after every request to S3")
    case = half_collected(bed, outcome)
    case.forked = True
    counts = requests_of_a_run(bed, case)
    places = [
        (operation, number, when)
        for operation, count in sorted(counts.items())
        for number in spread(count, bed.pick(3, count))
        for when in WHEN
    ]
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lambda place: kill_at(bed, case, outcome, *place), places))
    outcome.note("requests in a run: " + ", ".join(f"{o} {n}" for o, n in counts.items()))
    return outcome


def requests_of_a_run(bed: Bed, case: Case) -> Counter[str]:
    """How often each request is made in a run that nothing disturbs."""
    with proxied(server_of(bed)) as proxy:
        member = case.member(
            "--until-caught-up",
            root=copied(bed, case, "counted"),
            group="counted",
            AWS_ENDPOINT_URL_S3=proxy.endpoint,
        )
        assert member.wait(RUN_SECONDS) == 0, member.tail()
        return Counter(request.operation for request in proxy.seen)


def copied(bed: Bed, case: Case, name: str) -> Path:
    """A copy of the case's store, the objects' metadata with it, as it was before the run."""
    assert isinstance(case.store, Url)
    bucket = server_of(bed).folder / "objects" / BUCKET
    copy = case.store.with_name(f"{case.store.name}-{name}")
    assert isinstance(copy, Url)
    shutil.copytree(bucket / case.store.key(), bucket / copy.key())
    return copy


def kill_at(bed: Bed, case: Case, outcome: Outcome, operation: str, number: int, when: str) -> None:
    """One try: a store of its own, killed there, recovered, examined."""
    name = f"{operation}-{number}-{when}"
    store = copied(bed, case, name)
    met: Counter[str] = Counter()
    with proxied(server_of(bed)) as proxy:

        def kill() -> None:
            member.signal(signal.SIGKILL)
            member.process.wait()

        def judge(request: Request) -> Fault:
            met[request.operation] += 1
            if (request.operation, met[operation]) != (operation, number):
                return Fault()
            return Fault(before=kill, lost=True) if when == "before" else Fault(after=kill)

        proxy.judge = judge
        member = case.member(
            "--until-caught-up",
            root=store,
            group=f"{name}-killed",
            AWS_ENDPOINT_URL_S3=proxy.endpoint,
        )
        if member.wait(RUN_SECONDS) != 0:  # else this run made fewer requests
            outcome.tried += 1
    outcome.took(case.catch_up(outcome, root=store, group=f"{name}-recovers"))
    tally = case.tally(store)
    if tally.lost or tally.doubled or tally.undetected:
        outcome.note(f"{name}: lost {tally.lost}, doubled {tally.doubled}")
    outcome.add(tally)


def moody(bed: Bed) -> Outcome:
    """A quarter of the requests is lost, refused for now, cut or slow, while lines arrive."""
    outcome = Outcome("S3 loses, refuses, cuts and delays")
    case, chance = bed.case(4), random.Random(3)
    feed = case.feed(case.logs(bed.pick(40_000, 400_000)), bed.pick(10, 120))

    def judge(request: Request) -> Fault:
        if chance.random() >= MOODY:
            return Fault()
        outcome.tried += 1
        return chance.choice(MOODS)

    with proxied(server_of(bed)) as proxy:
        proxy.judge = judge
        where = {"AWS_ENDPOINT_URL_S3": proxy.endpoint, **TRIES}
        members = [case.member(**where) for _ in range(2)]
        feed.join()
        outcome.took(case.wait_durable())
        for member in members:
            if status := member.stop():
                outcome.note(f"a member ended with {status}: {member.tail()}")
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    return outcome


def server_killed(bed: Bed) -> Outcome:
    """The server is killed at random moments and started again, while lines arrive."""
    outcome = Outcome("S3 server killed and started again")
    kills, chance, server = bed.pick(3, 40), random.Random(4), server_of(bed)
    case = bed.case(4)
    feed = case.feed(case.logs(kills * 4000), kills * 3.0)
    member = case.member(**TRIES)
    for _ in range(kills):
        time.sleep(chance.uniform(0.3, 2.5))
        server.kill()
        time.sleep(chance.uniform(0.0, 0.7))
        server.start()
        outcome.tried += 1
    feed.join()
    outcome.took(case.wait_durable())
    if status := member.stop():
        outcome.note(f"the member ended with {status}: {member.tail()}")
    outcome.took(case.catch_up(outcome))
    outcome.add(case.tally())
    return outcome
