"""Machine code is kept, made anew when `lanes` changes, and other functions keep their own."""

import math
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel

STAGES = Path(__file__).parents[4] / "stages"
KERNELS = "movierec/models/kernels"
LINES = "movierec/lines"

TINY = """
from movierec.models.kernels.cache import kernel

@kernel
def tiny(x):
    return x + 1
"""

PROGRAM = """
import sys
for name in sys.argv[1:]:
    __import__(name)
from movierec.lines.watchlines import _read
from movierec.models.kernels.tiny import tiny
print([f._cache.cache_path for f in (_read, tiny)])
assert tiny(1) == 2
print("read" if tiny.stats.cache_hits else "compiled")
"""


@pytest.fixture
def stages(tmp_path: Path) -> Path:
    """A copy of the package that has compiled nothing yet."""
    copy = tmp_path / "stages"
    shutil.copytree(STAGES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / KERNELS / "tiny.py").write_text(TINY)
    return copy


def run(stages: Path, *imports: str, **environment: str) -> list[str]:
    """(the folders of machine code, whether there was any) after these imports."""
    command = [sys.executable, "-c", PROGRAM, *imports]
    environment = {**os.environ, "PYTHONPATH": str(stages), **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("first", ["movierec.lines.watchlines", "movierec.models.kernels.tiny"])
def test_machine_code_lies_beside_its_function_whoever_is_imported_first(
    stages: Path, first: str
) -> None:
    folders, _ = run(stages, first)
    own = [str(stages / room / "__pycache__") for room in (LINES, KERNELS)]
    assert folders == str(own)
    assert list((stages / KERNELS / "__pycache__").glob("tiny.tiny*.nbc"))


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


def test_a_change_of_what_kernels_are_made_of_makes_them_compile_anew(stages: Path) -> None:
    assert run(stages)[1] == "compiled"
    for name in ("lanes.py", "vectors.py"):
        edit(stages / KERNELS / name)
        assert run(stages)[1] == "compiled"
    edit(stages / "movierec/models/topn.py")
    assert run(stages)[1] == "read"


def test_a_folder_that_the_user_names_is_used(stages: Path, tmp_path: Path) -> None:
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "machine")}
    assert run(stages, **chosen)[1] == "compiled"
    assert list((tmp_path / "machine").rglob("tiny.tiny*.nbc"))
    edit(stages / KERNELS / "lanes.py")
    assert [run(stages, **chosen)[1] for _ in range(2)] == ["compiled", "read"]


@kernel
def _quotient(a: float, b: float) -> float:
    return a / b


def test_a_division_by_zero_is_no_exception() -> None:
    """Training that diverges is told by what it gives, with the epoch's number."""
    assert _quotient(1.0, 0.0) == math.inf
    assert math.isnan(_quotient(0.0, 0.0))


@kernel
def _turns_until(said: NDArray[np.int64], turns: NDArray[np.int64], most: int) -> None:
    while said[0] == 0 and turns[0] < most:
        turns[0] += 1


def test_other_threads_run_beside_a_kernel() -> None:
    said, turns, most = np.zeros(1, np.int64), np.zeros(1, np.int64), 1 << 33
    _turns_until(said, turns, 0)  # compiles
    beside = threading.Thread(target=_turns_until, args=(said, turns, most))
    beside.start()
    while turns[0] == 0:
        pass
    said[0] = 1
    beside.join()
    assert turns[0] < most
