"""Rated or watched: a union of places, whatever the values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.matrix import csr
from movierec.models import implicit
from movierec.models.implicit import rated_or_watched

PAIRS = st.sets(st.tuples(st.integers(0, 4), st.integers(0, 5)))


def matrix(pairs: set[tuple[int, int]], value: float):
    u, i = np.array(sorted(pairs), int).reshape(-1, 2).T
    return csr(u, i, np.full(len(pairs), value), (5, 6))


@given(PAIRS, PAIRS)
def test_it_is_the_union_row_by_row(
    rated: set[tuple[int, int]], watched: set[tuple[int, int]]
) -> None:
    indptr, indices = rated_or_watched(matrix(rated, 0.0), matrix(watched, -3.0))
    assert (indptr.dtype, indices.dtype) == (np.int64, np.int32)
    rows = [indices[indptr[u] : indptr[u + 1]].tolist() for u in range(5)]
    assert rows == [sorted(i for v, i in rated | watched if v == u) for u in range(5)]


def test_users_pass_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rated, watched = matrix({(0, 2), (0, 3), (3, 1)}, 4.0), matrix({(0, 1), (2, 2), (3, 1)}, 1.0)
    whole = [array.tolist() for array in rated_or_watched(rated, watched)]
    monkeypatch.setattr(implicit, "ENTRIES", 1)
    assert [array.tolist() for array in rated_or_watched(rated, watched)] == whole
