"""The whole loop in a clone: it runs, skips what is done, leaves git clean, stops its children."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A fresh clone of the committed state, without days, models or caches."""
    folder = tmp_path_factory.mktemp("demo") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def environment(clone: Path) -> dict[str, str]:
    """The clone's own code comes first, this environment's packages after it."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(clone), str(clone / "stages")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def start_demo(clone: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "infra.demo"],
        # A shell's background job, as a CI agent may be, hands an ignored Ctrl-C down to it.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        cwd=clone,
        env=environment(clone),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_in(clone: Path) -> list[str]:
    """Command lines of the processes whose working folder is the clone."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "cwd").readlink().is_relative_to(clone):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue
    return found


def wait_for_process(clone: Path, name: str) -> None:
    """Wait until a process runs whose command line names `name`."""
    deadline = time.monotonic() + 120
    while not any(name in command for command in processes_in(clone)):
        assert time.monotonic() < deadline, f"{name} does not run"
        time.sleep(0.05)


def output_of(clone: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=clone, env=environment(clone), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first_run(clone) -> str:
    demo = start_demo(clone)
    output, _ = demo.communicate()
    assert demo.returncode == 0, output
    return output


def test_the_demo_shows_every_step(first_run):
    assert re.findall(r"^\[(\d)/8\]", first_run, re.M) == list("12345678")
    assert "SVD++" in first_run
    assert "popularity" in first_run
    assert re.search(r"read ([\d,]+) = stored [\d,]+ \+ rejected [\d,]+", first_run)
    assert "X-Model: svd@demo" in first_run
    assert "X-Model: svdpp@demo" in first_run


def test_the_demo_leaves_git_and_dvc_clean(clone, first_run):
    assert output_of(clone, "git", "status", "--porcelain") == ""
    assert "up to date" in output_of(clone, sys.executable, "-m", "dvc", "status")


def test_the_demo_leaves_no_process(clone, first_run):
    assert processes_in(clone) == []


def test_a_second_demo_says_what_it_skipped(clone, first_run):
    output, _ = start_demo(clone).communicate()
    assert len(re.findall(r"^\[[123]/8\] \w+ +skipped", output, re.M)) == 3, output
    assert re.search(r"0 stages ran, \d+ skipped", output)


def test_an_interrupted_demo_stops_everything(clone, first_run):
    demo = start_demo(clone)
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("[7/8]"):
            break
    wait_for_process(clone, "infra.simulator.live")
    assert any("gunicorn" in command for command in processes_in(clone))
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=300)
    assert demo.returncode == 130
    assert processes_in(clone) == []
    assert output_of(clone, "git", "status", "--porcelain") == ""
