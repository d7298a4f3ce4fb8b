"""What happens to the disk: full, failing, and what a power cut leaves of it. Needs root."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.bed import Bed
from tests.faults.killing import TRACE, half_collected, halves, spread
from tests.faults.outcome import Outcome

SMALL = "2m"
PROGRAMS = f"{os.environ['PATH']}:/usr/sbin:/sbin"
"""mkfs lies where only root's own shell looks, which a shell that became root need not be."""
IMAGE_BYTES = 64 * 1024 * 1024
FREE_BYTES = [4_096, 20_000, 60_000, 120_000, 200_000, 300_000]


def full(bed: Bed) -> Outcome:
    """The disk is full while segments are written; later there is space again."""
    outcome = Outcome("full disk, later freed")
    for free in FREE_BYTES[:: bed.pick(2, 1)]:
        case = bed.case(2)
        with tmpfs(case.store):
            first, second = halves(case, bed.pick(20_000, 40_000))
            case.produce(first)
            case.catch_up(outcome)
            fill(case.store, free)
            case.produce(second)
            member = case.member("--until-caught-up")
            if member.wait(60) == 0 and not free > 200_000:
                outcome.note(f"with {free} bytes free it ended as if all were well")
            outcome.tried += 1
            (case.store / "filler").unlink()
            outcome.took(case.catch_up(outcome))
            outcome.add(case.tally())
    return outcome


def fill(folder: Path, free: int) -> None:
    """Leave so many bytes free on the disk of `folder`."""
    size = shutil.disk_usage(folder).free - free
    (folder / "filler").write_bytes(b"\0" * max(0, size))


@contextlib.contextmanager
def tmpfs(folder: Path) -> Iterator[None]:
    """A small disk in memory, mounted while the block runs."""
    folder.mkdir(parents=True)
    command(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)])
    try:
        yield
    finally:
        command(["umount", "--lazy", str(folder)])


def fsync_fails(bed: Bed) -> Outcome:
    """EIO from the Nth fsync: the process must end, and a new one recover."""
    outcome = Outcome("EIO from fsync")
    case = half_collected(bed, outcome)
    template = case.folder / "template"
    case.store.rename(template)
    for number in spread(bed.pick(16, 40), bed.pick(6, 40)):
        store = case.folder / f"fsync-{number}"
        shutil.copytree(template, store)
        inject = f"inject=fsync:error=EIO:when={number}"
        tracer = [*TRACE, "-o", str(store / "trace"), "-e", "trace=fsync", "-e", inject]
        member = case.member("--until-caught-up", root=store, group=f"eio-{number}", tracer=tracer)
        status = member.wait(60)
        if "INJECTED" in (store / "trace").read_text():
            outcome.tried += 1
            if status == 0:
                outcome.undetected += 1
                outcome.note(f"fsync {number} failed and the collector went on")
        (store / "trace").unlink()
        outcome.took(case.catch_up(outcome, root=store, group=f"eio-{number}-recovers"))
        outcome.add(case.tally(store))
    return outcome


def power_cut(bed: Bed) -> Outcome:
    """The power goes: what the disk then holds is a copy of its device, not of its cache.

    The store is on an ext4 of its own, in a file. A copy of that file has what was written to
    the device; what only the page cache had is gone, as after a power cut.
    """
    outcome = Outcome("power cut (device without its cache)")
    cuts = bed.pick(4, 60)
    case = bed.case(3)
    image, copy = case.folder / "disk", case.folder / "cut"
    with ext4(image, case.store):
        feed = case.feed(case.logs(cuts * 3000), cuts * 1.2)
        member = case.member()
        member.wait_for("segment")
        for number in range(cuts):
            time.sleep(0.3 + number % 7 * 0.07)
            if not member.is_running:  # it closes days at the end of a run
                member = case.member("--until-caught-up", COLLECTOR_SEGMENT_ROWS=500)
                member.wait_for("resumes")
            member.signal(signal.SIGSTOP)
            shutil.copyfile(image, case.folder / f"cut-{number}")
            member.signal(signal.SIGCONT)
            if number % 2:
                member.kill()
        feed.join()
        member.stop()
    for number in range(cuts):
        (case.folder / f"cut-{number}").rename(copy)
        root = case.folder / f"after-{number}"
        with mounted(copy, root):
            outcome.tried += 1
            outcome.took(case.catch_up(outcome, root=root, group=f"cut-{case.topic}-{number}"))
            outcome.add(case.tally(root))
        copy.unlink()
    return outcome


@contextlib.contextmanager
def ext4(image: Path, folder: Path) -> Iterator[None]:
    """A new ext4 in a file, mounted while the block runs."""
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    command(["mkfs.ext4", "-q", "-F", str(image)])
    with mounted(image, folder):
        yield


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[None]:
    """An image, mounted while the block runs. Its journal is replayed first."""
    folder.mkdir(parents=True)
    command(["mount", "-o", "loop", str(image), str(folder)])
    try:
        yield
    finally:
        command(["umount", "--lazy", str(folder)])


def command(words: list[str]) -> None:
    """Run a program that must succeed."""
    environment = {**os.environ, "PATH": PROGRAMS}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()} (needs root)"
