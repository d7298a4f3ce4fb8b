from pathlib import Path

import numpy as np
import pytest

from movierec.dataset import sums
from movierec.dataset.sums import counted, pairwise, parts, picked, quantiles, ranked, summed, total

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
    for column in (values, values.astype(np.float32)):
        whole = float(np.add.accumulate(column, dtype=np.float64)[-1]) if size else 0.0
        assert total(size, column.__getitem__) == whole


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 200, 201, 1_000, 33_333])
def test_halves_give_the_bits_of_numpys_sum(
    monkeypatch: pytest.MonkeyPatch, size: int, dtype: type
) -> None:
    monkeypatch.setattr(sums, "PART", 200)
    values = np.random.default_rng(size).normal(3, 1e3, size).astype(dtype)
    found = pairwise(0, size, values.__getitem__)
    assert found.tobytes() == np.sum(values).tobytes() and found.dtype == dtype


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_ranks_and_quantiles_are_those_of_what_is_repeated(size: int) -> None:
    rng = np.random.default_rng(size)
    values, counts = rng.normal(0, 1e3, size), rng.integers(0, 4, size)
    counts[0] = 1
    whole, shares = np.sort(np.repeat(values, counts)), np.linspace(0, 1, 21)
    places = np.arange(len(whole))
    assert ranked(values, counts, places).tobytes() == whole.tobytes()
    assert quantiles(values, counts, shares).tobytes() == np.quantile(whole, shares).tobytes()


def test_what_a_mask_picks_is_picked_in_parts() -> None:
    column = np.arange(50, dtype=np.int16)
    found = picked(column, column % 3 == 1)
    assert found.tolist() == list(range(1, 50, 3)) and found.dtype == np.int16


def test_no_page_of_a_map_is_kept_behind_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "column.npy", np.arange(20, dtype=np.int32))
    column, gone = np.load(tmp_path / "column.npy", mmap_mode="c"), list[int]()
    monkeypatch.setattr(sums, "release", lambda arrays: gone.append(len(list(arrays))))
    assert counted(column, 20).tolist() == [1] * 20
    assert len(gone) == len(list(parts(20))) == 3
