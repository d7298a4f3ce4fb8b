"""Rated or watched: a union of places, whatever the values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.matrix import csr
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
