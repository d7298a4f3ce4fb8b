"""A DVC remote behind a network: S3 that is slow, killed, cut off or silent in mid-push."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator

from infra.processes import Processes
from infra.repository import environment
from tests.faults.killing import spread
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.faults.release.wire import Wire, wire
from tests.infra.release.project import Ended, Project
from tests.infra.release.s3 import Server


@contextlib.contextmanager
def server(bed: Bed) -> Iterator[tuple[Server, Processes]]:
    """One that runs while the block does."""
    folder = bed.folder / f"s3-{next(bed.numbers)}"
    made = Server(folder)
    with Processes(folder, folder / "logs", environment()) as processes:
        made.start(processes)
        yield made, processes


def on(bed: Bed, made: Server, port: int | None = None) -> Project:
    """A project whose remote is the server's bucket, as good as new."""
    shutil.rmtree(made.bucket / "movierec", ignore_errors=True)
    project = bed.project()
    project.store = made.bucket / "movierec"
    made.configure(project, port=port)
    return project


def cut(bed: Bed) -> Outcome:
    """The connections end after so many bytes, and no new one comes about; later all is well."""
    outcome = Outcome("S3 cut off after so many bytes of a push")
    return stopped(bed, outcome, "cut", bed.pick(3, 14), lambda project, way: bed.run(project))


def silent(bed: Bed) -> Outcome:
    """The connections stay, new ones come about, and after so many bytes nothing is answered; later
    all is well. How long it is waited for say the remote's two timeouts and how often; where it
    would be for ever, TRANSFER_SECONDS."""
    outcome = Outcome("S3 silent after so many bytes of a push")

    def push(project: Project, way: Wire) -> Ended:
        way.silent = True
        with (project.work / ".dvc/config.local").open("a") as settings:
            settings.write("    connect_timeout = 1\n    read_timeout = 1\n")
        started = time.monotonic()
        ended = bed.run(project, before=once)
        outcome.note(f"given up after {time.monotonic() - started:.0f} s: {ended.output}")
        return ended

    return stopped(bed, outcome, "silent", bed.pick(3, 6), push)


def stopped(
    bed: Bed, outcome: Outcome, how: str, moments: int, push: Callable[[Project, Wire], Ended]
) -> Outcome:
    """Push over a way that stops after so many bytes, at moments of a whole push but its ends; then
    again over one that does not."""
    with server(bed) as (made, _):
        with wire(made.port) as whole:
            assert bed.run(on(bed, made, whole.port)).status == 0
        for size in spread(whole.carried, moments)[1:-1]:
            with wire(made.port, cut_after=size - 1) as broken:
                project = on(bed, made, broken.port)
                ended = push(project, broken)
            made.configure(project)
            outcome.tried += 1
            bed.look(outcome, project, f"{how} after {size} bytes")
            bed.recover(outcome, project, f"{how} after {size} bytes", ended)
    outcome.note(f"an undisturbed run sends {whole.carried:,} bytes")
    return outcome


def once() -> None:
    """Have S3's client try once, and not five times; what is above it tries on. What none of them
    ends is ended soon."""
    os.environ |= {"AWS_MAX_ATTEMPTS": "1", "TRANSFER_SECONDS": "5"}


def slow(bed: Bed) -> Outcome:
    """A line of so few bytes a second: it takes its time, and comes to its end."""
    rate = bed.pick(500, 20)
    outcome = Outcome(f"S3 slow: {rate} kB a second")
    with server(bed) as (made, _), wire(made.port, rate * 1000) as line:
        project = on(bed, made, line.port)
        ended = bed.run(project)
        outcome.tried += 1
        if ended.status:
            outcome.note(f"it ended with {ended.status}: {ended.output}")
        else:
            bed.recover(outcome, project, "slow", ended)
    return outcome


def killed(bed: Bed) -> Outcome:
    """The server is killed when so many objects have come, and is started again later."""
    outcome = Outcome("S3 server killed in mid-push, and started again")
    for objects in (1, 4, 7, 10)[:: bed.pick(4, 1)]:
        with server(bed) as (made, processes):
            project = on(bed, made)
            running = bed.start(project)
            while running.is_running() and len(list(made.bucket.rglob("md5/*/*"))) < objects:
                time.sleep(0.01)
            os.kill(processes.running["versitygw"].pid, signal.SIGKILL)
            processes.wait("versitygw")
            ended = running.end()
            when = f"killed after {objects} objects"
            outcome.tried += 1
            made.start(processes)
            bed.look(outcome, project, when)
            bed.recover(outcome, project, when, ended)
    return outcome
