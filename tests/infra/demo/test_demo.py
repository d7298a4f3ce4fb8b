"""The whole loop in a clone: it runs, skips what is done, leaves git clean, stops its children."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from infra.demo import compiled
from infra.demo.history import DAYS
from tests.infra.demo import outs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A fresh clone, without days, models or caches, in which the nightly job has committed a
    training on real days and a release."""
    folder = tmp_path_factory.mktemp("demo") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    compiled.take(ROOT, folder)
    for name in ("data/window.yaml", "dvc.lock"):
        text = (folder / name).read_text()
        assert "2026-11" in text
        (folder / name).write_text(text.replace("2026-11", "2027-01"))
    for name in ("metrics/svd.json", "reports/gate.json", "reports/baselines.json"):
        (folder / name).write_text("{}\n")
    release = {"version": "v1.4.0", "metrics": {"rmse": 0.1, "coverage": 1.0}}
    release["baselines"] = {"biases": {"rmse": 1.0}}
    (folder / "data/incumbent.json").write_text(json.dumps({"svd": release}))
    who = ["-c", "user.name=nightly", "-c", "user.email=nightly@localhost"]
    commit = ["git", *who, "commit", "--quiet", "--all", "--message", "Train on 2027-01-03"]
    subprocess.run(commit, cwd=folder, check=True)
    return folder


def environment(clone: Path) -> dict[str, str]:
    """The code of this folder comes first, this environment's packages after it."""
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
    assert [f"online@{day}" in first_run for day in DAYS] == [True] * len(DAYS)
    assert re.search(r"\d+ users rated \d+ movies; \d+ more users only watched", first_run)
    assert re.search(r"svdpp@v1\.0\.0 +[\d,]+ +[\d,]+ +0\.2\d\d", first_run), (
        "of its past's answers"
    )
    assert re.search(r"verdict, by 2\d\d svd and 2\d\d svdpp users: svdpp better", first_run)
    assert "X-Model: svd@demo" in first_run
    assert "X-Model: svdpp@demo" in first_run


def test_the_demo_leaves_git_and_dvc_clean(clone, first_run):
    assert output_of(clone, "git", "status", "--porcelain") == ""
    workspace = clone / ".demo/workspace"
    assert output_of(workspace, "git", "status", "--porcelain") == ""
    assert "up to date" in output_of(workspace, sys.executable, "-m", "dvc", "status")


def test_the_demo_makes_the_bytes_that_it_always_made(clone, first_run):
    made = outs.outs(clone / ".demo/workspace/dvc.lock")
    expected = json.loads(outs.EXPECTED.read_text())
    changed = {path: (expected.get(path), md5) for path, md5 in made.items()}
    changed = {path: pair for path, pair in changed.items() if pair[0] != pair[1]}
    assert not changed, "if that is meant: `python -m tests.infra.demo.outs` after `make demo`"
    assert made.keys() == expected.keys()


def test_one_can_go_on_where_the_demo_says(clone, first_run):
    [place] = re.findall(r"go on in (\S+):", first_run)
    experiment = ["exp", "run", "--quiet", "-S", "train.svd.n_factors=8"]
    output_of(clone / place, sys.executable, "-m", "dvc", *experiment)
    table = output_of(clone, sys.executable, "-m", "infra.compare", "--in", place)
    assert table.count("train.svd.n_factors=8 ") == 2, "the workspace's row and the experiment's"
    output_of(clone / place, "git", "checkout", "--quiet", ".")
    output_of(clone / place, sys.executable, "-m", "dvc", "checkout", "--quiet")
    assert output_of(clone, "git", "status", "--porcelain") == ""


def test_the_demo_leaves_no_process(clone, first_run):
    assert processes_in(clone) == []


def test_a_second_demo_says_what_it_skipped_and_interrupted_it_stops_everything(clone, first_run):
    demo, output = start_demo(clone), ""
    assert demo.stdout is not None
    for line in demo.stdout:
        output += line
        if line.startswith("[7/8]"):
            break
    assert len(re.findall(r"^\[[123]/8\] \w+ +skipped", output, re.M)) == 3, output
    assert re.search(r"0 stages ran, \d+ skipped", output)
    wait_for_process(clone, "infra.simulator.live")
    assert any("serve.service" in command for command in processes_in(clone))
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=300)
    assert demo.returncode == 130
    assert processes_in(clone) == []
    assert output_of(clone, "git", "status", "--porcelain") == ""
