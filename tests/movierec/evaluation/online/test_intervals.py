"""Intervals of a share and of a mean against formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp

from movierec.evaluation.online.intervals import mean_interval, share_interval


@given(st.integers(3000, 9000), st.floats(0.02, 0.98))
def test_of_users_with_one_answer_each_it_is_wilsons_interval(n, share):
    hits = round(n * share)
    answers, gains = np.ones(n), np.r_[np.ones(hits), np.zeros(n - hits)]
    wilson = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    found = share_interval(answers, gains, 0.95)
    assert found == pytest.approx((wilson.low, wilson.high), abs=2e-5)  # Student's quantile


def test_answers_that_hang_together_tell_less():
    alone = share_interval(np.ones(1000), np.r_[np.ones(300), np.zeros(700)], 0.95)
    together = share_interval(np.full(100, 10.0), np.r_[np.full(30, 10), np.zeros(70)], 0.95)
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


@pytest.mark.parametrize("gains", [np.zeros(40), np.full(40, 50.0)])
def test_without_a_difference_between_users_each_counts_as_one_answer(gains):
    low, high = share_interval(np.full(40, 50.0), gains, 0.95)
    assert 0 <= low < high <= 1
    assert 0.05 < high - low < 0.15


@pytest.mark.parametrize("users", [0, 1])
def test_of_fewer_than_two_users_nothing_is_known(users):
    assert share_interval(np.full(users, 9.0), np.full(users, 3.0), 0.95) == (0.0, 1.0)


def test_of_users_with_one_rating_each_it_is_students_interval():
    ratings = np.array([1.0, 2, 2, 3, 5, 5, 4])
    student = ttest_1samp(ratings, 0).confidence_interval(0.95)
    found = mean_interval(np.ones(7), ratings, 0.95)
    assert found == pytest.approx((ratings.mean(), student.low, student.high))


def test_a_mean_of_fewer_than_two_users_has_no_interval():
    assert mean_interval(np.array([0.0, 4]), np.array([0.0, 14]), 0.95) == (3.5, None, None)
    assert mean_interval(np.zeros(3), np.zeros(3), 0.95) == (None, None, None)
