"""A machine whose clock is wrong, by years: for git, for DVC, and for whoever asks who is there."""

import subprocess
import sys

from infra.repository import environment, git
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.faults.release.remotes import on, server
from tests.faults.release.state import without_data
from tests.infra.release.project import Ended, Project

CLOCKS = {"ten years behind": "-10y", "ten years ahead": "+10y", "at 1970": "1970-01-02 00:00:00"}


def wrong(bed: Bed) -> Outcome:
    """A release by a wrong clock is a release; one by the right clock, after it, finds it."""
    outcome = Outcome("the machine's clock wrong by years")
    for name, clock in list(CLOCKS.items())[: bed.pick(2, 3)]:
        project = bed.project()
        ended = at(project, clock)
        outcome.tried += 1
        bed.look(outcome, project, name)
        if ended.status:
            outcome.note(f"{name}: it ended with {ended.status}: {ended.output}")
        bed.recover(outcome, project, name, ended, by_content=True)
    return outcome


def between(bed: Bed) -> Outcome:
    """A release by a clock that is years ahead, then one of other data by the right clock: its
    number is the next, whatever the dates say."""
    outcome = Outcome("a clock years ahead, then right: the next number")
    project = bed.project()
    assert at(project, "+10y").status == 0
    project.write("data/movielog/days/2026-11-02/lines", "lines that came later\n")
    project.repro()
    ended = bed.run(project)
    outcome.tried += 1
    outcome.wrong = len(without_data(project.origin, project.store))
    names = git(project.origin, "tag", "--list").split()
    wanted = sorted([*bed.names, *(name.replace("0.0", "0.1") for name in bed.names)])
    if ended.status or names != wanted:
        outcome.note(f"it ended with {ended.status} and {names}: {ended.output}")
    elif bed.run(project, "verify").status == 0:
        outcome.recovered += 1
    return outcome


def by_s3(bed: Bed) -> Outcome:
    """S3 lets nobody in whose clock differs: that is said, and later it is done."""
    outcome = Outcome("a wrong clock before an S3 server")
    with server(bed) as (made, _):
        for name, clock in list(CLOCKS.items())[: bed.pick(1, 2)]:
            project = on(bed, made)
            ended = at(project, clock)
            outcome.tried += 1
            bed.look(outcome, project, name)
            if ended.status != 2:
                outcome.note(f"{name}: it ended with {ended.status}: {ended.output}")
            bed.recover(outcome, project, name, ended)
    return outcome


def at(project: Project, clock: str) -> Ended:
    """Register, in a process that takes it for that time."""
    command = ["faketime", "-f", clock, sys.executable, "-m", "infra.release", "register"]
    done = subprocess.run(
        [*command, "--repo", str(project.work)], env=environment(), capture_output=True, text=True
    )
    return Ended(done.returncode, done.stdout + done.stderr)
