"""A copy compiles nothing that the project has compiled; what differs it compiles for itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.demo import compiled

CODE = "from numba import njit\n\n@njit(cache=True)\ndef one(x):\n    return x + 1\n"
HITS = "from room import one; one({}); print(sum(one.stats.cache_hits.values()))"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one function, which it has compiled."""
    (tmp_path / "project/stages").mkdir(parents=True)
    (tmp_path / "project/stages/room.py").write_text(CODE)
    assert hits(tmp_path / "project") == 0
    return tmp_path / "project"


def hits(project: Path, given: str = "1") -> int:
    """How many functions of it need not be compiled to be called with what is given."""
    command = [sys.executable, "-c", HITS.format(given)]
    done = subprocess.run(command, cwd=project / "stages", capture_output=True, check=True)
    return int(done.stdout)


def cloned(root: Path) -> Path:
    """The like of it as git makes it: of another time, and with what git knows alone."""
    clone = root.with_name("clone")
    (clone / "stages").mkdir(parents=True)
    shutil.copyfile(root / "stages/room.py", clone / "stages/room.py")
    return clone


def test_a_copy_has_what_was_compiled(root: Path) -> None:
    clone = cloned(root)
    assert compiled.take(root, clone) == 1
    assert hits(clone) == 1
    assert compiled.take(root, clone) == 0, "it is there"


def test_of_a_file_with_other_bytes_nothing_is_taken(root: Path) -> None:
    clone = cloned(root)
    (clone / "stages/room.py").write_text(CODE.replace("+ 1", "+ 2"))
    assert compiled.take(root, clone) == 0
    assert hits(clone) == 0


def test_what_the_demo_compiled_comes_first(root: Path) -> None:
    """It was called as stages call it: here with another type, by which one can tell."""
    demo = root / compiled.DEMO
    shutil.copytree(root / "stages", demo / "stages", ignore=shutil.ignore_patterns("*.nb?"))
    assert hits(demo, "2.5") == 0
    clone = cloned(root)
    assert compiled.take(root, clone) == 1
    assert hits(clone, "2.5") == 1


def test_a_file_that_the_copy_lacks_is_passed_over(root: Path) -> None:
    clone = cloned(root)
    (clone / "stages/room.py").unlink()
    assert compiled.take(root, clone) == 0
