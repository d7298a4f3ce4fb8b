"""Pages that were let go of no longer count, and are there again when asked for."""

from pathlib import Path

import numpy as np

from movierec.frozen import array_of
from movierec.mapped import release


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
