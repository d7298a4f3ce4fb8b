"""Whether lists narrow what is watched, counted by hand."""

import numpy as np
import pytest

from movierec.evaluation.online.feedback import gini, narrowness, popularity
from tests.movierec.evaluation.online.rows import models, served, watch


def test_gini_is_nothing_for_equal_counts_and_near_one_for_one_movie():
    assert gini(np.array([1, 2, 3, 4])) == pytest.approx(0.25)
    assert gini(np.array([0] * 99 + [7])) == pytest.approx(0.99)
    assert gini(np.zeros(3)) is None


def test_popularity_is_how_many_watched_a_movie_on_average():
    assert popularity(np.array([3, 1]), np.array([10, 2])) == 8
    assert popularity(np.array([0, 0]), np.array([10, 2])) is None


def test_nothing_is_no_narrowness():
    none = {"movies": 0, "coverage": 0.0, "gini": None, "lift": None}
    assert narrowness(np.zeros(0), np.zeros(0), None) == none


def test_a_model_is_told_what_it_lists_and_what_its_users_start():
    """a: watched by 4, b by 2, c by nobody; a user alone with d is none that counts."""
    lines = [served(0, 1, ["a"], "r"), served(0, 2, ["a", "c"], "s"), watch(1, 1, "b")]
    lines += [watch(-5, user, "a") for user in range(11, 15)] + [watch(-5, 11, "b")]
    found = models(*lines, watch(2, 9, "d"))["svd@v1"]
    everybody = (4 * 4 + 2 * 2) / 6
    assert (found["movies"], found["coverage"]) == (2, pytest.approx(2 / 3))
    assert found["gini"] == pytest.approx(gini(np.array([2, 0, 1])))
    assert found["lift"] == pytest.approx((4 * 2 + 0) / 3 / everybody - 1)
    assert found["watched"]["movies"] == 1
    assert found["watched"]["lift"] == pytest.approx(2 / everybody - 1)
