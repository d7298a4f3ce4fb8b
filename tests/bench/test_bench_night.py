"""A thousandth of a night, of four days: every stage that a build runs is measured, once."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from movierec.times import day_name
from tests.bench.bench_night import FIRST, make, night

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),  # pygtrie's, by DVC
]
ROOT = Path(__file__).resolve().parents[2]
STAGES = [
    *("aggregate", "baselines", "drift", "evaluate svd", "evaluate svdpp", "gate"),
    *("preprocess", "train svd", "train svdpp", "uptake", "validate"),
]


def test_all_stages_of_a_build_run_once_and_two_at_a_time(tmp_path: Path) -> None:
    days = [day_name(FIRST + n) for n in range(4)]
    measured = night(make(tmp_path, 0.001, days), tmp_path / "project", days, 2)
    rows = measured.rows()
    assert sorted(row[0] for row in rows[:-2]) == STAGES
    assert [row[0] for row in rows[-2:]] == ["DVC", "all"]
    assert all(row[1] > 0 and row[2] > 0 for row in rows)
    svd, svdpp = (
        next(s for s in measured.stages if s["argv"][:3] == ["stages/train.py", "--model", kind])
        for kind in ("svd", "svdpp")
    )
    assert max(svd["began"], svdpp["began"]) < min(svd["ended"], svdpp["ended"])
    assert max(row[3] for row in rows[:-2]) < measured.together_mb
    assert 0 < measured.made_mb < rows[-1][5], "what was written, and kept"


def test_a_bench_that_is_ended_leaves_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.bench_night", "--days", "2", "--folder"]
    bench = psutil.Popen(
        [*command, str(tmp_path)], cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL
    )
    while not (running := measuring(bench)):
        assert bench.poll() is None
        time.sleep(0.05)
    started = [*bench.children(recursive=True), *running]
    bench.terminate()
    bench.wait()
    _, left = psutil.wait_procs(started)
    assert left == []


def measuring(bench: psutil.Popen) -> list[psutil.Process]:
    """The stages that run."""
    found = list[psutil.Process]()
    for child in bench.children(recursive=True):
        try:
            found += [child] if any("measuring.py" in word for word in child.cmdline()) else []
        except psutil.NoSuchProcess:
            continue
    return found
