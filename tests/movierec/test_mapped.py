"""Pages that were let go of no longer count, and are there again when asked for."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from movierec.frozen import array_of
from movierec.mapped import OTHERS, release


def mapped_kb() -> int:
    """Memory of this process that is of files, in KB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile:"))


def test_the_pages_of_a_map_are_let_go_of_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(1 << 20))
    array = array_of(path, "r")
    before = mapped_kb()
    assert array.sum() == (1 << 19) * ((1 << 20) - 1)
    assert mapped_kb() - before > 8_000
    release([array[5:], np.arange(3)])
    assert mapped_kb() - before < 1_000
    assert array[-1] == (1 << 20) - 1


@pytest.mark.parametrize(("most", "says"), [(OTHERS + 300, ""), (OTHERS + 299, "ulimit -Hn")])
def test_more_files_are_mapped_than_are_allowed_to_one_who_does_not_ask(
    tmp_path: Path, most: int, says: str
) -> None:
    np.save(tmp_path / "a.npy", np.arange(9))
    program = (
        "import sys; from pathlib import Path\n"
        "from movierec.frozen import array_of; from movierec.mapped import make_room\n"
        "make_room(300); held = [array_of(Path(sys.argv[1]), 'r') for _ in range(300)]"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.npy"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, most)),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (says in done.stderr and done.returncode == 1) if says else done.returncode == 0
