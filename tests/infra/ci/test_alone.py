"""A command that holds the lock of DVC's cache: alone, ended whole; the next ends what is left."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infra.ci.processes import lives

ROOT = Path(__file__).resolve().parents[3]
ALONE = ROOT / "infra/ci/alone.sh"
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a shell command by alone.sh; its cache, as `dvc` says, is in `tmp_path`."""
    dvc = tmp_path / "programs/dvc"
    dvc.parent.mkdir()
    dvc.write_text(f"#!/bin/sh\necho {tmp_path}/cache\n")
    dvc.chmod(0o755)
    (tmp_path / "infra/ci").mkdir(parents=True)
    (tmp_path / "infra/ci/alone.sh").symlink_to(ALONE)

    stack = contextlib.ExitStack()

    def run(command: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [tmp_path / "infra/ci/alone.sh", "bash", "-c", command],
            env={**os.environ, "PATH": f"{dvc.parent}:{os.environ['PATH']}", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=hear,
        )
        stack.enter_context(process)
        stack.callback(process.terminate)
        return process

    with stack:
        yield run


def hear() -> None:
    """Take signals as they are by default: what `nohup` runs, and so its children, ignores one."""
    for how in ENDINGS:
        signal.signal(how, signal.SIG_DFL)


def wait_for(there: Callable[[], object]) -> None:
    """Without a bound: the test's own is enough."""
    while not there():
        time.sleep(0.01)


def test_the_status_is_the_commands_and_the_lock_is_free_afterwards(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    for status in (7, 0):
        assert start(f"exit {status}").wait() == status


def test_the_second_waits_for_the_first(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    go, begun = tmp_path / "go", tmp_path / "begun"
    first = start(
        f"touch {begun}; while [ ! -e {go} ]; do sleep 0.01; done; echo first >> {tmp_path}/order"
    )
    wait_for(begun.exists)
    second = start(f"echo second >> {tmp_path}/order")
    assert second.stdout and "waiting for" in second.stdout.readline()
    go.touch()
    assert (first.wait(), second.wait()) == (0, 0)
    assert (tmp_path / "order").read_text() == "first\nsecond\n"


def test_who_waits_for_too_long_is_told_who_holds_it(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    first = start(f"touch {tmp_path}/begun; sleep 1000")
    wait_for((tmp_path / "begun").exists)
    second = start("true", MOVIEREC_LOCK_SECONDS="0")
    said, _ = second.communicate()
    assert (second.returncode, f"waiting for {first.pid}" in said) == (2, True)
    assert "is held for too long" in said
    first.terminate()
    assert first.wait() == 143


@pytest.mark.parametrize("how", ENDINGS)
def test_what_ends_it_ends_all_of_it_groups_of_their_own_too(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, how: signal.Signals
) -> None:
    pids = tmp_path / "pids"
    first = start(f"setsid sleep 1000 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    wait_for(pids.exists)
    first.send_signal(how)
    assert first.wait() == 143
    assert not [number for number in pids.read_text().split() if lives(number)]
    assert start("true").wait() == 0


@pytest.mark.parametrize("with_it", [False, True], ids=["alone", "with its command"])
def test_what_a_killed_one_left_is_ended_by_the_next(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, with_it: bool
) -> None:
    """Also what no longer holds the lock, as a program that Python started."""
    pids = tmp_path / "pids"
    first = start(f"setsid sleep 1000 9<&- & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    wait_for(pids.exists)
    command, child = pids.read_text().split()
    first.kill()
    if with_it:
        os.kill(int(command), signal.SIGKILL)
    first.wait()
    assert lives(child)
    second = start("true")
    said, _ = second.communicate()
    assert second.returncode == 0
    assert "ending what a run that was killed has left" in said
    assert not [number for number in (command, child) if lives(number)]


def test_a_build_does_not_wait_for_an_earlier_one_of_its_job(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    first = start(
        f"touch {tmp_path}/begun; sleep 1000", JOB_NAME="movierec/master", BUILD_NUMBER="7"
    )
    wait_for((tmp_path / "begun").exists)
    other = start("true", MOVIEREC_LOCK_SECONDS="0", JOB_NAME="movierec/other", BUILD_NUMBER="8")
    assert other.wait() == 2
    again = start("true", MOVIEREC_LOCK_SECONDS="0", JOB_NAME="movierec/master", BUILD_NUMBER="7")
    assert again.wait() == 2, "another script of the same build"
    assert start("true", JOB_NAME="movierec/master", BUILD_NUMBER="8").wait() == 0
    assert first.wait() == -signal.SIGKILL


def test_what_was_killed_while_somebody_waited_is_ended_by_who_waited(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    first = start(f"setsid sleep 1000 9<&- & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    wait_for(pids.exists)
    command, child = pids.read_text().split()
    second = start("true")
    assert second.stdout and "waiting for" in second.stdout.readline()
    for number in (first.pid, int(command)):
        os.kill(number, signal.SIGKILL)
    assert second.wait() == 0
    assert not lives(child)
