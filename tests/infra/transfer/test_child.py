"""A program that reads nothing is killed; one that does is not, and says what it says."""

import os
import sys
import time

import pytest

from infra.transfer.child import run
from movierec.errors import Unavailable

pytestmark = pytest.mark.slow
READING = """
import sys, time
for _ in range(400):
    open("/proc/self/stat").read()
    time.sleep(0.01)
print("said")
print("and why", file=sys.stderr)
sys.exit(3)
"""


def test_one_that_reads_on_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFER_SECONDS", "2")
    done = run([sys.executable, "-c", READING], "it", os.environ)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said\n", "and why\n")


def test_one_that_stands_still_is_killed_and_its_line_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRANSFER_SECONDS", "1")
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"^docker push: nothing moved for 1 s"):
        run(["sleep", "3600"], "docker push", os.environ)
    assert time.monotonic() - began < 1800, "it was not waited for"
