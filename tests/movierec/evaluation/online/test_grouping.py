"""Rows with the same keys are one."""

import numpy as np

from movierec.evaluation.online.grouping import KEYS, SUMS, chained, chosen, grouped


def table(*rows):
    names = [*KEYS, *SUMS]
    columns = np.array(rows).reshape(-1, len(names)).T
    return {
        name: column.astype((KEYS | SUMS)[name])
        for name, column in zip(names, columns, strict=True)
    }


A, B = (2, 0, 0, 0, 0), (1, 0, 0, 0, 7)
ONE, TWO = (1, 0, 3, 0, 1, 350, 1, 1e6), (2, 1, 4, 1, 0, 0, 0, 0)


def test_sums_of_equal_keys_are_added_and_keys_ascend():
    found = grouped(chained([table((*A, *ONE), (*B, *TWO)), table((*A, *TWO))]))
    assert [found[name].tolist() for name in KEYS] == [[1, 2], [0, 0], [0, 0], [0, 0], [7, 0]]
    assert [found[name].tolist()[1] for name in SUMS] == [3, 1, 7, 1, 1, 350, 1, 1e6]
    assert {name: found[name].dtype.str for name in found} == {**KEYS, **SUMS}


def test_each_key_counts():
    rows = [tuple(int(k == n) for k in range(5)) for n in range(5)]
    found = grouped(table(*((*key, *ONE) for key in rows)))
    assert found["answers"].tolist() == [1] * 5


def test_rows_are_chosen_and_none_are_none():
    found = chosen(table((*A, *ONE), (*B, *TWO)), np.array([False, True]))
    assert found["minutes"].tolist() == [4]
    assert len(grouped(chained([]))["user"]) == 0
