"""kill -9: before every call to git and DVC, at every system call, of the whole process group."""

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dvc.repo import Repo

from infra.release.objects import Objects, Storage
from tests.faults.killing import spread
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.infra.release.project import Ended, Project

SYSCALLS = "write,fsync,link,linkat,unlink,unlinkat,rename,renameat2,mkdir,openat,ftruncate"
KILLABLE = ["write", "link", "unlink", "rename", "mkdir", "openat"]
"""What changes a disk; of writes and openings a few are tried, of the others all."""
MANY = {"write": 12, "openat": 12, "unlink": 16}


CALLS = [
    (subprocess, "run"),
    (Repo, "push"),
    (Repo, "status"),
    (Objects, "_examine"),
    (Objects, "read"),
    (Storage, "_put"),
]
"""By which a release reaches git, DVC and storage."""


def counted(call: Callable[..., Any], at: Callable[[], object]) -> Callable[..., Any]:
    """A function that is counted before it runs."""

    def do(*given: Any, **named: Any) -> Any:
        at()
        return call(*given, **named)

    return do


def before_call(number: int, told: Path | None = None) -> Callable[[], None]:
    """Have this process killed before the call of that number, from 0, to git, to DVC, or to
    whatever reads or puts an object; `told` gets a byte for each call."""
    calls = itertools.count()

    def at() -> None:
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if told:
            with told.open("a") as file:
                file.write(".")

    def prepare() -> None:
        for whose, name in CALLS:
            setattr(whose, name, counted(getattr(whose, name), at))

    return prepare


def at_calls(bed: Bed) -> Outcome:
    """kill -9 before every call, the reading ones too."""
    outcome = Outcome("kill -9 before every call to git, DVC and storage")
    counting = bed.project()
    told = counting.folder / "calls"
    assert bed.run(counting, before=before_call(-1, told)).status == 0
    calls = len(told.read_text())
    for place in spread(calls, bed.pick(4, calls)):
        project = bed.project()
        ended = bed.run(project, before=before_call(place - 1))
        judge(bed, outcome, project, f"killed before call {place} of {calls}", ended)
    outcome.note(f"an undisturbed run makes {calls} calls")
    return outcome


def judge(bed: Bed, outcome: Outcome, project: Project, when: str, ended: Ended) -> None:
    """Look at what a killed run left, and run again."""
    outcome.tried += 1
    if ended.status == 0:
        outcome.note(f"{when}: it had ended before")
    bed.look(outcome, project, when)
    bed.recover(outcome, project, when, ended)


def at_syscalls(bed: Bed) -> Outcome:
    """kill -9 instead of the Nth system call that changes a disk: the release or the git that it
    started, whichever comes to its Nth."""
    outcome = Outcome("kill -9 at every write, link, rename, unlink … of it and of git")
    counting = bed.project()
    trace = counting.folder / "trace"
    assert traced(bed, counting, "-o", str(trace), "-e", f"trace={SYSCALLS}").status == 0
    found = Counter(re.findall(r"^(\d+) +(\w+)\(", trace.read_text(), re.MULTILINE))
    for call in KILLABLE:
        most = max((n for (_, name), n in found.items() if name == call), default=0)
        for place in spread(most, bed.pick(1, MANY.get(call, most))) if most else []:
            project = bed.project()
            inject = f"inject={call}:signal=SIGKILL:when={place}"
            ended = traced(bed, project, "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
            judge(bed, outcome, project, f"killed at {call} {place} of {most}", ended)
    return outcome


def traced(bed: Bed, project: Project, *options: str) -> Ended:
    """Run a release under strace, from where it begins."""
    gate_out, gate_in = os.pipe()
    running = bed.start(project, before=lambda: os.read(gate_out, 1))
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(running.pid), *options], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    for line in tracer.stderr:
        if "attached" in line:
            break
    os.write(gate_in, b".")
    ended = running.end()
    tracer.stderr.close()
    tracer.wait()
    os.close(gate_out)
    os.close(gate_in)
    return ended


def group_at_moments(bed: Bed) -> Outcome:
    """SIGKILL, and SIGTERM, of the release with all that it started, at any moment."""
    outcome = Outcome("SIGKILL or SIGTERM of the process group, at any moment")
    chance = random.Random(7)
    timing = bed.project()
    started = time.monotonic()
    bed.run(timing)
    whole = time.monotonic() - started
    for number in range(bed.pick(3, 40)):
        project = bed.project()
        running = bed.start(project)
        time.sleep(chance.uniform(0.0, whole))
        sign = (signal.SIGKILL, signal.SIGTERM)[number % 2]
        with contextlib.suppress(ProcessLookupError):  # it has no group yet, or has ended
            os.killpg(running.pid, sign)
        ended = running.end()
        judge(bed, outcome, project, f"{sign.name} of the group", ended)
    return outcome


HOOKS = ["pre-receive", "update", "post-receive", "post-update"]
"""Moments of a push, in the origin: before, at each ref, and after it was taken."""


def in_push(bed: Bed) -> Outcome:
    """The group is killed while the origin takes the push: before, within, and after it did."""
    outcome = Outcome("the group killed while the origin takes the push")
    moments = [(name, n) for name in HOOKS for n in ((1, 2, 3) if name == "update" else (1,))]
    moments += [("reference-transaction", n) for n in (1, 2, 3, 4)]
    for name, number in moments[:: bed.pick(3, 1)]:
        project = bed.project()
        hook(project.origin, name, f"echo >> count\n[ $(wc -l < count) = {number} ] && kill -9 0")
        ended = bed.run(project)
        (project.origin / "hooks" / name).unlink()
        unlock(outcome, project.origin)
        judge(bed, outcome, project, f"killed in {name} {number}", ended)
    return outcome


def unlock(outcome: Outcome, origin: Path) -> None:
    """Remove the locks that git left in the origin: it tells a person to do so, and it is not ours
    to do. An origin behind a network is not killed with those who push to it."""
    for lock in origin.rglob("*.lock"):
        lock.unlink()
        outcome.note(f"{lock.relative_to(origin)} was left in the origin: a person removes it")


def hook(repository: Path, name: str, script: str) -> None:
    """Have a repository run this at that moment; it is in the repository's folder then."""
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\nexit 0\n")
    path.chmod(0o755)
