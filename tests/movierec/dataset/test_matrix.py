"""Entries of a sparse matrix: told, looked for and taken, and never summed."""

import numpy as np
import pytest

from movierec.dataset import matrix
from movierec.dataset.matrix import contains, csr, rows_in, rows_of

TRAIN = csr(np.array([0, 0, 2]), np.array([0, 1, 1]), np.array([3, 4, 0]), (3, 2))
OTHER = csr(np.array([0, 1]), np.array([1, 0]), np.array([5, 1]), (3, 2))
F32, I32, I64 = np.float32, np.int32, np.int64


def test_rows_and_membership_of_entries() -> None:
    assert rows_of(TRAIN).tolist() == [0, 0, 2]
    assert rows_of(TRAIN).dtype == np.int64
    for start in range(4):
        for stop in range(start, 4):
            part = slice(start, stop)
            assert rows_in(TRAIN, part).tolist() == rows_of(TRAIN)[part].tolist()
    assert contains(TRAIN, OTHER).tolist() == [True, False]
    empty = csr(np.empty(0, int), np.empty(0, int), np.empty(0), (3, 2))
    assert contains(empty, OTHER).tolist() == [False, False]
    assert contains(TRAIN, empty).tolist() == []


@pytest.mark.parametrize("entries", [1, 3, 1000])
def test_entries_are_looked_for_and_taken_in_parts(
    monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr(matrix, "ENTRIES", entries)
    random = np.random.default_rng(3)
    held, asked = (random.random((9, 6)) * (random.random((9, 6)) < 0.4) for _ in range(2))
    held[4] = asked[4] = asked[7] = 0
    a, b = (csr(m.nonzero()[0], m.nonzero()[1], m[m > 0], m.shape) for m in (held, asked))
    assert contains(a, b).tolist() == (held[asked > 0] > 0).tolist()
    mask = random.random(b.nnz) < 0.5
    some = matrix.taken(b, mask)
    left = np.zeros_like(asked)
    left[asked > 0] = np.where(mask, asked[asked > 0], 0)
    assert (some.toarray() == left.astype(np.float32)).all() and some.nnz == mask.sum()
    assert [array.dtype for array in (some.data, some.indices, some.indptr)] == [F32, I32, I64]
    bare = matrix.taken(b, mask, values=False)
    assert (bare.toarray() == (left > 0)).all() and bare.data.strides == (0,)
    rows = np.array([1, 4, 8])
    assert (matrix.rows_at(a, rows).toarray() == a.toarray()[rows]).all()


@pytest.mark.parametrize("u, i", [([0, 0], [1, 1]), ([1, 0], [0, 0]), ([0, 0], [1, 0])])
def test_triples_that_repeat_or_are_out_of_order_are_refused(u: list[int], i: list[int]) -> None:
    with pytest.raises(ValueError, match="sorted by"):
        csr(np.array(u), np.array(i), np.ones(2), (2, 2))
