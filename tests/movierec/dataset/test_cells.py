"""Cells hold what a set of lines would: minutes, first and last, which may stand there twice."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.cells import FIRST, Cells, Full, Watches, watched

ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 10**18 - 1]),
        st.sampled_from([0, 1, 2**31 - 1]),
        st.sampled_from([0, 63, 64, 99_999]),
        st.integers(-5, 5),
        st.sampled_from([0, 255]),
    ),
    min_size=1,
    max_size=40,
)


def watches(rows: list[tuple[int, ...]]) -> Watches:
    user, movie, minute, time, digits = zip(*rows, strict=True)
    return Watches(
        np.array(user, np.int64),
        np.array(movie, np.int32),
        np.array(minute, np.int32),
        np.array(time, np.int64),
        np.array(digits, np.uint8),
    )


@given(ROWS)
def test_a_pair_has_its_minutes_first_and_last(rows: list[tuple[int, ...]]) -> None:
    cells = Cells(1000)
    for row in rows:
        cells.add(watches([row]))
    found = list(zip(*(column.tolist() for column in watched(cells.rows())), strict=True))
    expected = []
    for user, movie in sorted({row[:2] for row in rows}):
        mine = [row for row in rows if row[:2] == (user, movie)]
        times = [row[3] for row in mine]
        expected.append((user, movie, len({row[2] for row in mine}), min(times), max(times)))
    assert found == expected


@given(ROWS)
def test_a_line_may_repeat_whose_minute_is_told_twice(rows: list[tuple[int, ...]]) -> None:
    cells = Cells(1000)
    cells.add(watches(rows))
    suspects = cells.suspects()
    minutes = Counter(row[:3] for row in rows)
    may = [minutes[row[:3]] > 1 for row in rows]
    assert suspects.among(watches(rows)).tolist() == may
    assert suspects.any == any(may)


def test_a_table_grows_and_loses_nothing() -> None:
    n = 3 * FIRST
    random = np.random.default_rng(1)
    zeros = np.zeros(n, np.int32)
    user = random.permutation(n).astype(np.int64)
    lines = Watches(user, zeros, zeros, user, np.zeros(n, np.uint8))
    cells = Cells(n)
    cells.add(lines)
    assert cells.rows()["user"].tolist() == list(range(n))
    with pytest.raises(Full):
        Cells(n - 1).add(lines)
