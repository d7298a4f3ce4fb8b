"""Movies in order of popularity."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movierec.models.popularity import popularity_order


@given(st.lists(st.integers(0, 4), max_size=40))
def test_the_order_is_by_count_then_by_index(counts: list[int]) -> None:
    order = popularity_order(np.array(counts, np.int64))
    assert order.tolist() == sorted(range(len(counts)), key=lambda i: (-counts[i], i))
    assert order.dtype == np.int32


def test_counts_without_a_sign_are_ordered_too() -> None:
    assert popularity_order(np.array([0, 2, 1], np.uint32)).tolist() == [1, 2, 0]
