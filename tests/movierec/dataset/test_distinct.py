"""Distinct values, as NumPy's own `unique` finds them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.distinct import distinct, sorted_order


@given(st.lists(st.integers(0, 20)))
def test_they_are_those_of_numpy(values: list[int]) -> None:
    for kind in (np.uint64, np.int32, "S3"):
        column = np.array(values).astype(kind)
        found = distinct(column)
        assert found.dtype == column.dtype
        assert found.tolist() == sorted(set(column.tolist()))


@given(st.lists(st.integers(0, 3) | st.integers(0, 2**63 - 1)))
def test_equal_keys_keep_their_order_however_large_they_are(keys: list[int]) -> None:
    column = np.array(keys, np.int64)
    for some in (column, column % 4):
        assert sorted_order(some).tolist() == np.argsort(some, kind="stable").tolist()
