"""What was written is read again, and no file stays."""

from pathlib import Path

import numpy as np

from movierec.scratch import Scratch


def test_values_come_back_and_leave_no_file(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path, np.int32)
    assert scratch.read().tolist() == []
    for values in ([3, 1], [], [2]):
        scratch.append(np.array(values, np.int64))
    column = scratch.read()
    scratch.close()
    assert (column.tolist(), column.dtype, scratch.length) == ([3, 1, 2], np.int32, 3)
    assert list(tmp_path.iterdir()) == []
