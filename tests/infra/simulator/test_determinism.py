"""The same seed makes the same log, on any processor and in any process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.infra.simulator.conftest import make_log
from tests.inputs.processors import older_processor

ROOT = Path(__file__).parents[3]
PROGRAM = """
import hashlib, numpy
from tests.infra.simulator.conftest import make_log
log = make_log(seed=5)
world = log.world
digest = hashlib.sha256(b"\\n".join(log.lines + log.served.lines))
for numbers in (log.partitions, log.timestamps, world.activity, world.liking(numpy.arange(120))):
    digest.update(numbers.tobytes())
print(digest.hexdigest())
"""


def fingerprint(**environment: str) -> str:
    paths = f"{ROOT}:{ROOT / 'stages'}"
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    settings = {**os.environ, "PYTHONPATH": paths, **environment}
    output = subprocess.run(command, env=settings, check=True, capture_output=True, text=True)
    return output.stdout.strip()


def test_two_processes_make_the_same_bytes_whatever_the_processor_can_do():
    assert fingerprint(PYTHONHASHSEED="1") == fingerprint(PYTHONHASHSEED="2", **older_processor())


def test_another_seed_makes_another_log(small_log):
    assert make_log(seed=6).lines != small_log.lines
