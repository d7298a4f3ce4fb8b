"""Splits are made once; whoever walks again meets the same ones, of the same types."""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import numpy as np

from movierec.arrays import Draft
from movierec.dataset.matrix import PARTS
from movierec.dataset.pairs import Pairs
from movierec.dataset.split import Split
from movierec.dataset.splits import Splits


def pairs_of(count: int, seed: int) -> Pairs:
    random = np.random.default_rng(seed)
    return Pairs(
        np.arange(count, dtype=np.int32),
        random.integers(0, 2**31 - 1, count).astype(np.int32),
        random.random(count, np.float32),
        random.integers(-(2**62), 2**62, count),
    )


def facts_of(block: tuple[int, int, Split]) -> list[object]:
    """All that it holds, to the byte."""
    start, end, split = block
    columns = [column for part in PARTS for column in astuple(getattr(split, part))]
    return [start, end, *((column.dtype.str, column.tobytes()) for column in columns)]


def test_a_second_walk_meets_what_the_first_one_met(tmp_path: Path) -> None:
    walks = []

    def make() -> Iterator[tuple[int, int, Split]]:
        walks.append(1)
        for n, counts in enumerate([(3, 0, 2), (0, 0, 0), (5, 1, 0)]):
            yield 10 * n, 10 * n + 10, Split(*(pairs_of(c, 3 * n + c) for c in counts))

    expected = [facts_of(block) for block in make()]
    with Draft(tmp_path / "dataset") as draft:
        splits = Splits(draft, make)
        for _ in range(3):
            assert [facts_of(block) for block in splits()] == expected
    assert len(walks) == 2, "one of them was ours"
    assert list(tmp_path.iterdir()) == []


def test_of_no_block_there_is_none_again(tmp_path: Path) -> None:
    with Draft(tmp_path / "dataset") as draft:
        splits = Splits(draft, lambda: iter(()))
        assert (list(splits()), list(splits())) == ([], [])
