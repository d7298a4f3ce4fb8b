"""The latest answer at a moment, by hand and beside a plain search."""

import numpy as np

from movierec.evaluation.online.latest import Latest


def test_a_moment_before_any_answer_to_the_user_has_none():
    latest = Latest(np.array([1, 1, 2]), np.array([10, 20, 30]))
    found = latest.at(np.array([1, 1, 1, 2, 3, 0]), np.array([9, 10, 99, 29, 50, 50]))
    assert found.tolist() == [-1, 0, 1, -1, -1, -1]
    assert latest.before(np.array([0, 1, 2])).tolist() == [-1, 0, -1]
    assert latest.place(np.array([2, 5])).tolist() == [1, -1]


def test_no_answers_at_all():
    nobody = np.empty(0, np.int64)
    latest = Latest(nobody, nobody)
    assert latest.at(np.array([1]), np.array([1])).tolist() == [-1]
    assert latest.at(nobody, nobody).tolist() == []


def test_it_agrees_with_a_plain_search():
    rng = np.random.default_rng(2)
    for _ in range(30):
        n = int(rng.integers(1, 40))
        users, times = rng.integers(0, 6, n), rng.integers(0, 2**62, n) // 10**17
        order = np.lexsort((times, users))
        users, times = users[order], times[order]
        asked, moments = rng.integers(-1, 8, 50), rng.integers(0, 60, 50)
        expected = [
            max([i for i in range(n) if users[i] == u and times[i] <= m], default=-1)
            for u, m in zip(asked, moments, strict=True)
        ]
        assert Latest(users, times).at(asked, moments).tolist() == expected
