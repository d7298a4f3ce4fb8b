"""Stages side by side, by DVC itself: the same bytes as one at a time, whatever comes between."""

import contextlib
import time
from collections.abc import Callable

import psutil
import pytest

from tests.infra.ci.repro.conftest import Project

pytestmark = pytest.mark.slow
REPRO = ("infra.ci.repro", "--jobs", "2")
MEET = "touch at.$item; while [ ! -e at.a ] || [ ! -e at.b ]; do sleep 0.01; done; "
"""Goes on when both are there: only where both run."""
B_FIRST = MEET + '[ $item = b ] || while ! grep -qs "deal@b:" dvc.lock; do sleep 0.01; done'

ASLEEP = "exec sleep 1000"
"""Starts no process: none escapes who kills those that there are."""


def wait_for(there: Callable[[], object]) -> None:
    """Without a bound: the test's own is enough."""
    while not there():
        time.sleep(0.01)


def kill_all(project: Project, process: psutil.Popen) -> None:
    """As when the machine goes: it, and all that it started, at once. DVC's notes name them still,
    and their numbers may stay taken, since nobody waits for them."""
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def test_two_run_at_once_and_leave_what_one_at_a_time_leaves(
    project: Project, serial: dict[str, bytes]
) -> None:
    """Also when the second one ends first."""
    done = project.run(*REPRO, meanwhile=B_FIRST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.made() == serial
    said = done.stdout.splitlines()
    assert [line for line in said if "Running stage 'join'" in line] == [
        "join   | Running stage 'join':"
    ]
    assert all(line.startswith(("deal@a | ", "deal@b | ", "join   | ")) for line in said), said
    again = project.run(*REPRO)
    assert again.stdout.splitlines() == [
        f"Stage '{name}' didn't change, skipping" for name in ("deal@a", "deal@b", "join")
    ]
    assert project.run("dvc", "status").stdout == "Data and pipelines are up to date.\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_stage_that_fails_is_named_and_what_runs_beside_it_is_kept(
    project: Project, serial: dict[str, bytes], jobs: str
) -> None:
    fails = "[ $item = b ] || { echo no cards >&2; exit 3; }"
    meet = MEET if jobs == "2" else ""
    done = project.run("infra.ci.repro", "--jobs", jobs, meanwhile=meet + fails)
    assert done.returncode == 255, done.stdout + done.stderr
    assert "no cards" in done.stdout + done.stderr
    assert "failed to reproduce 'deal@a'" in done.stdout + done.stderr
    if jobs == "2":
        assert done.stderr == "error: deal@a failed, as it says above; not begun: join\n"
        assert "deal@b:" in project.lock()
    assert project.run(*REPRO).returncode == 0
    assert {**project.made(), "dvc.lock": b""} == {**serial, "dvc.lock": b""}


def test_what_a_kill_leaves_is_taken_up(project: Project, serial: dict[str, bytes]) -> None:
    """One has ended, and stands first in dvc.lock; the other one's output is half written."""
    half = (
        "; [ $item = b ] || { mkdir -p dealt; echo half > dealt/a; touch half; exec sleep 1000; }"
    )
    running = psutil.Popen(
        project.command(*REPRO)[0],
        cwd=project.folder, env=project.command(*REPRO, meanwhile=B_FIRST + half)[1],
    )  # fmt: skip
    wait_for((project.folder / "half").exists)
    kill_all(project, running)
    assert (project.folder / "dealt/a").read_text() == "half\n"
    done = project.run(*REPRO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Running stage 'deal@b'" not in done.stdout
    assert project.made() == serial


def test_a_dvc_lock_that_a_kill_has_torn_is_put_back(
    project: Project, serial: dict[str, bytes]
) -> None:
    running = psutil.Popen(
        project.command(*REPRO)[0],
        cwd=project.folder, env=project.command(*REPRO, meanwhile=f"touch at.$item; {ASLEEP}")[1],
    )  # fmt: skip
    wait_for((project.folder / "at.a").exists)
    kill_all(project, running)
    text = serial["dvc.lock"].decode()
    (project.folder / "dvc.lock").write_text(text[: text.index("md5:") + 2])
    done = project.run(*REPRO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.made() == serial


def test_a_second_one_is_refused_and_the_first_ended_with_what_it_started(
    project: Project,
) -> None:
    command, variables = project.command(*REPRO, meanwhile="touch at.$item; sleep 1000")
    running = psutil.Popen(command, cwd=project.folder, env=variables)
    wait_for(lambda: (project.folder / "at.a").exists() and (project.folder / "at.b").exists())
    second = project.run(*REPRO)
    assert (second.returncode, "stages run here already" in second.stderr) == (2, True)
    started = running.children(recursive=True)
    assert len(started) >= 4, "two of DVC, and their commands"
    running.terminate()
    assert running.wait() == 143
    _, left = psutil.wait_procs(started)
    assert left == []


def test_a_stage_that_there_is_not_is_refused(project: Project) -> None:
    done = project.run(*REPRO, "train")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no stage 'train'" in done.stderr
    assert project.run("infra.ci.repro", "--jobs", "-1").returncode == 2
    assert project.run(*REPRO, "deal").returncode == 0, "and leaves nothing behind"
    assert "join" not in project.lock()
