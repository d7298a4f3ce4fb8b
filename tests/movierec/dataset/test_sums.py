from pathlib import Path

import numpy as np
import pytest

from movierec.dataset import sums
from movierec.dataset.sums import counted, parts, summed, total

SIZES = [0, 1, 6, 7, 8, 50]


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "PART", 7)


@pytest.mark.parametrize("size", SIZES)
def test_parts_give_the_bits_of_one_sum(size: int) -> None:
    """Of values whose sum depends on their order in the last place."""
    rng = np.random.default_rng(size)
    numbers, values = rng.integers(0, 3, size).astype(np.int32), rng.normal(0, 1e3, size)
    one = np.zeros(4) if size == 0 else np.bincount(numbers, values, 4)
    assert summed(numbers, lambda part: values[part], 4).tobytes() == one.tobytes()
    assert counted(numbers, 4).tolist() == np.bincount(numbers, minlength=4).tolist()
    single = values.astype(np.float32)
    whole = float(np.add.accumulate(single, dtype=np.float64)[-1]) if size else 0.0
    assert total(size, lambda part: single[part]) == whole


def test_no_page_of_a_map_is_kept_behind_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "column.npy", np.arange(20, dtype=np.int32))
    column, gone = np.load(tmp_path / "column.npy", mmap_mode="c"), list[int]()
    monkeypatch.setattr(sums, "release", lambda arrays: gone.append(len(list(arrays))))
    assert counted(column, 20).tolist() == [1] * 20
    assert len(gone) == len(list(parts(20))) == 3
