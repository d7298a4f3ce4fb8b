"""Intervals against formulas and the truth of a simulated world; verdicts in words."""

import math

import numpy as np
import pytest

from movierec.evaluation.online.experiment import (
    MISMATCH,
    NOTHING_YET,
    Plan,
    Totals,
    compare,
    half_width,
    mismatch,
)

PLAN = Plan(confidence=0.95, smallest_lift=0.1, power=0.8, min_users=2)


def totals(*arms):
    """Of arms, each a list of (answers, gains) a user; users of one arm are of no other."""
    n = sum(map(len, arms))
    answers, gains = np.zeros((len(arms), n)), np.zeros((len(arms), n))
    at = 0
    for k, users in enumerate(arms):
        for answered, gained in users:
            answers[k, at], gains[k, at] = answered, gained
            at += 1
    return Totals(tuple("abc"[: len(arms)]), answers, gains)


def test_totals_are_of_each_user_and_arm():
    users, arms = np.array([7, 7, 7, 9, 5]), np.array(["a", "a", "b", "b", "z"])
    found = Totals.of(users, arms, np.ones(5), np.array([1, 0, 1, 0, 1]), ["a", "b"])
    assert found.answers.tolist() == [[0, 2, 0], [0, 1, 1]]  # users 5, 7, 9
    assert found.gains.tolist() == [[0, 1, 0], [0, 1, 0]]
    assert found.rates.tolist() == [0.5, 0.5]
    assert found.users.tolist() == [1, 2]


def test_the_width_is_the_theorems_and_is_narrowest_where_it_should_be():
    tau = 8.2  # near −W₋₁(−α² / e) − 1 at α = 0.05
    beside = math.sqrt(2 * (1 + 1 / tau) * math.log(math.sqrt(1 + tau) / 0.05))
    assert half_width(4.0, 4.0, 0.95) == pytest.approx(2 * beside, rel=1e-4)
    assert half_width(4.0, 4.0, 0.95) < min(half_width(4.0, v, 0.95) for v in (1.0, 16.0))
    assert half_width(4.0, 4.0, 0.99) > half_width(4.0, 4.0, 0.95) > 1.96 * 2


def test_a_difference_that_is_sure_has_a_verdict_by_name():
    good, bad = [(10, 5), (10, 4), (10, 6)] * 100, [(10, 2), (10, 1), (10, 3)] * 100
    better = compare(totals(good, bad), 0, 1, PLAN, 3)
    worse = compare(totals(bad, good), 0, 1, PLAN, 3)
    assert (better["verdict"], worse["verdict"]) == ("a better", "b better")
    assert better["difference"] == pytest.approx(0.3)
    assert better["lift"] == pytest.approx(1.5)
    assert better["low"] == pytest.approx(-worse["high"], rel=0.2)
    assert (better["arm"], better["against"]) == ("a", "b")


def test_a_difference_by_chance_has_none_and_says_what_it_would_take():
    users = [(1, 1), (1, 0), (1, 0)] * 100
    found = compare(totals(users, users), 0, 1, PLAN, 3)
    assert (found["verdict"], found["difference"]) == (NOTHING_YET, 0)
    assert found["low"] < 0 < found["high"]
    assert found["detectable_lift"] > 0.1
    assert found["days_needed"] > 3
    longer = compare(totals(users * 20, users * 20), 0, 1, PLAN, 60)
    assert longer["detectable_lift"] < found["detectable_lift"] / 3
    assert longer["days_needed"] == pytest.approx(found["days_needed"], rel=0.02)


def test_a_user_whom_both_arms_answered_counts_as_one():
    """Each user does the same with both: the arms are equal for sure, however users differ."""
    same = np.tile(np.r_[np.zeros(50), np.full(50, 9)], (2, 1))
    found = compare(Totals(("a", "b"), np.full((2, 100), 10.0), same), 0, 1, PLAN, 1)
    assert found["verdict"].endswith(": all users of an arm did the same")
    same[0, 0] = 1
    found = compare(Totals(("a", "b"), np.full((2, 100), 10.0), same), 0, 1, PLAN, 1)
    assert found["high"] - found["low"] < 0.02


@pytest.mark.parametrize(
    ("arms", "why"),
    [
        (([(5, 1)], [(5, 1)] * 9), "1 users in an arm, online.min_users is 2"),
        (([], [(5, 1)] * 9), "0 users in an arm"),
        (([(5, 1)] * 9, [(5, 0)] * 9), "all users of an arm did the same"),
    ],
)
def test_what_cannot_be_compared_says_why(arms, why):
    found = compare(totals(*arms), 0, 1, PLAN, 1)
    assert found["verdict"].startswith(f"{NOTHING_YET}: ") and why in found["verdict"]
    assert found["difference"] is None


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0)])
def test_an_arm_that_gains_nothing_is_worse_whichever_it_is_compared_with(one, other):
    arms = [(5, 5 * (k % 2)) for k in range(4000)], [(5, 0)] * 4000
    found = compare(totals(*arms), one, other, PLAN, 1)
    assert found["verdict"] == "a better"
    assert found["lift"] == (None if one == 0 else -1)
    assert (found["detectable_lift"] is None) == (one == 0)
    assert found["days_needed"] >= 1


def test_a_split_off_plan_is_noticed_and_one_by_chance_is_not():
    assert mismatch([5000, 5060], [50, 50]) > 0.1
    assert mismatch([5000, 5500], [50, 50]) < MISMATCH
    assert mismatch([9000, 1010], [9, 1]) > 0.1
    assert mismatch([9000, 1300], [9, 1]) < MISMATCH
    assert mismatch([0, 0], [1, 1]) == 1.0
    assert mismatch([10**7, 0], [1, 1]) > 0  # no underflow
