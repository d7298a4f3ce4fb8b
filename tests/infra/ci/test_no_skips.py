"""CI's plugin: a run with a skipped test does not pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("body", "status"),
    [("assert True", 0), ("import pytest; pytest.skip('no broker')", 1), ("assert False", 1)],
)
def test_a_skipped_test_fails_the_run(tmp_path, body, status):
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "infra.ci.no_skips", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout
    assert ("test_it.py::test_it" in done.stdout and "SKIPPED" in done.stdout) == ("skip" in body)
