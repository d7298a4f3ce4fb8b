"""Each release against the one before, by hand; test_truth judges the verdicts by a world's."""

import dataclasses

import numpy as np
import pytest

from movierec.evaluation.online.grouping import KEYS, SUMS
from movierec.evaluation.online.releases import Pair, by_release, change
from movierec.evaluation.online.together import together
from tests.movierec.evaluation.online.rows import PARAMS, SECOND, THIRD, served, summed, watch


def lives(model, users, converting, minute, arm=None):
    """Of each of `users` an answer, and of every `converting`th a start."""
    arm = arm or model.split("@")[0]
    lines = [served(minute, u, ["a"], f"r{u}", model, arm=arm) for u in users]
    return lines + [watch(minute + 1, u, "a") for u in list(users)[::converting]]


def judged(*days):
    names = ["1970-01-01", SECOND, THIRD]
    sums = [summed(*lines, day=name) for lines, name in zip(days, names, strict=False)]
    return by_release(together(sums), PARAMS)


OLD, NEW = range(4000), range(5000, 9000)
ELSE, LATER = range(10000, 13000), range(15000, 18000)


def test_releases_follow_one_another_by_their_first_answers():
    found = judged(
        [*lives("svd@v9", range(30), 3, 5)],
        [*lives("svd@v10", range(100, 130), 3, 1500), *lives("svd@v9", range(50, 60), 3, 1600)],
        [*lives("svd@v11", range(200, 230), 3, 2900), *lives("svdpp@v1", range(300, 330), 3, 2900)],
    )
    pairs = [(one["before"], one["release"]) for one in found["svd"]]
    assert pairs == [("svd@v9", "svd@v10"), ("svd@v10", "svd@v11")]
    assert found["svdpp"] == []


def test_behind_a_rollback_a_release_is_compared_with_what_was_gone_back_to():
    """Who is as bad as what was rolled back is not let pass by that."""
    found = judged(
        [*lives("svd@v1", OLD, 2, 5), *lives("svd@v2", NEW, 4, 700)],
        [*lives("svd@v2", range(40), 4, 1445), *lives("svd@v1", ELSE, 2, 1500)],
        [*lives("svd@v1", range(40), 4, 2885), *lives("svd@v3", LATER, 4, 2950)],
    )["svd"]
    pairs = [(one["before"], one["release"], one["verdict"]) for one in found]
    assert pairs == [("svd@v1", "svd@v2", "worse"), ("svd@v1", "svd@v3", "worse")]


def test_a_release_that_loses_more_than_it_may_is_worse_and_its_like_is_not():
    (worse,) = judged([*lives("svd@v1", OLD, 2, 5)], [*lives("svd@v2", NEW, 4, 1500)])["svd"]
    assert (worse["verdict"], worse["adjusted_by"]) == ("worse", None)
    assert worse["lift"] == pytest.approx(-0.5)
    assert worse["difference"] == pytest.approx(-0.25)
    assert worse["low"] < worse["difference"] < worse["high"] < -0.05
    assert worse["lift_low"] == pytest.approx(worse["low"] / 0.5)
    (same,) = judged([*lives("svd@v1", OLD, 2, 5)], [*lives("svd@v2", NEW, 2, 1500)])["svd"]
    assert (same["verdict"], same["lift"]) == ("not worse", 0.0)
    few = range(5000, 5200)
    (open_,) = judged([*lives("svd@v1", OLD, 2, 5)], [*lives("svd@v2", few, 2, 1500)])["svd"]
    assert open_["verdict"].startswith("no verdict yet: a change between -")


def test_a_loss_that_may_be_less_than_the_limit_is_no_verdict_yet():
    """9 % less is surely a loss, and not surely one of 10 %."""
    n = 20_000
    before = rows(range(n), [1] * n, [k % 2 for k in range(n)])
    release = rows(range(n, 2 * n), [1] * n, [k % 200 < 91 for k in range(n)])
    found = change(Pair(release, before), PARAMS)
    assert -0.1 < found["lift"] == pytest.approx(-0.09) and found["lift_high"] < 0
    assert found["verdict"].startswith("no verdict yet: a change between -1")


def test_what_the_other_arm_lost_meanwhile_is_taken_off():
    days = [
        [*lives("svd@v1", OLD, 2, 5), *lives("svdpp@v1", ELSE, 2, 6)],
        [*lives("svd@v2", NEW, 4, 1500), *lives("svdpp@v1", LATER, 4, 1501)],
    ]
    (one,) = judged(*days)["svd"]
    assert one["verdict"].startswith("no verdict yet: a change between -1")
    assert (one["lift"], one["adjusted_by"]) == (pytest.approx(0.0), "svdpp")


def test_an_arm_that_changed_its_release_as_well_adjusts_nothing():
    (one,) = judged(
        [*lives("svd@v1", OLD, 2, 5), *lives("svdpp@v1", ELSE, 2, 6)],
        [*lives("svd@v2", NEW, 4, 1500), *lives("svdpp@v2", LATER, 4, 1501)],
    )["svd"]
    assert (one["verdict"], one["adjusted_by"]) == ("worse", None)


def test_of_a_release_of_long_before_only_the_time_beside_the_other_arm_s_release_counts():
    """svd@v1 did badly beside svdpp@v1; beside svdpp@v2, as svd@v2 does, it did well."""
    (one,) = judged(
        [*lives("svd@v1", OLD, 8, 5), *lives("svdpp@v1", ELSE, 8, 6)],
        [*lives("svd@v1", range(20000, 22000), 2, 1500), *lives("svdpp@v2", LATER, 2, 1501)],
        [*lives("svd@v2", NEW, 4, 2900), *lives("svdpp@v2", range(30000, 33000), 2, 2901)],
    )["svd"]
    assert (one["adjusted_by"], one["lift"]) == ("svdpp", pytest.approx(-0.5))


def test_too_few_users_or_no_gain_before_decide_nothing():
    (few,) = judged([*lives("svd@v1", OLD, 2, 5)], [*lives("svd@v2", range(19), 2, 1500)])["svd"]
    assert few["verdict"] == "no verdict yet: 19 users of a release, online.min_users is 20"
    assert few["difference"] is few["lift_high"] is None
    dead = [served(5, u, ["z"], f"r{u}", "svd@v1") for u in OLD]
    (none,) = judged(dead, [*lives("svd@v2", NEW, 2, 1500)])["svd"]
    assert none["verdict"].endswith(": nothing was gained from what it is compared with")


@pytest.mark.parametrize("converted", [0, 1, 5, 29])
def test_a_release_that_hardly_anybody_likes_is_worse(converted):
    """By its logarithm none would be beyond all comparing, and a few beyond any certainty."""
    n = 4000
    before = rows(range(n), [1] * n, [k % 2 for k in range(n)])
    release = rows(range(n, 2 * n), [1] * n, [k < converted for k in range(n)])
    found = change(Pair(release, before), PARAMS)
    assert found["verdict"] == "worse"
    assert found["lift"] == pytest.approx(converted / (n / 2) - 1)
    assert -1 <= found["lift_low"] <= found["lift"] < found["lift_high"] < -0.5
    assert found["difference"] == pytest.approx(found["lift"] / 2)
    others = rows(range(2 * n, 3 * n), [1] * n, [k % 4 == 0 for k in range(n)])
    as_well = change(Pair(release, before, (others, before), "svdpp"), PARAMS)
    assert as_well["lift"] == pytest.approx(converted / (n / 4) - 1)
    assert (as_well["verdict"], found["lift_high"] < as_well["lift_high"]) == ("worse", True)


def test_few_conversions_of_which_few_were_to_be_expected_decide_nothing():
    before = rows(range(4000), [1] * 4000, [k % 100 == 0 for k in range(4000)])
    release = rows(range(4000, 4200), [1] * 200, [0] * 200)
    assert change(Pair(release, before), PARAMS)["verdict"].startswith("no verdict yet: a change")


def test_few_conversions_at_the_limit_are_rarely_called_worse():
    """Of releases that lose just as much as they may, looked at each of ten nights, users with
    habits of their own: PARAMS wants 0.95."""
    rng, called = np.random.default_rng(5), 0
    for _ in range(300):
        taste = rng.gamma(2.0, 0.02, 3000)
        before = rows(range(2000), [5] * 2000, rng.poisson(5 * taste[:2000]))
        likes = rng.poisson(5 * (1 - PARAMS.max_loss) * taste[2000:])
        looks = range(20, 160, 14)  # some 29 conversions at the last
        nights = [rows(range(2000, 2000 + n), [5] * n, likes[:n]) for n in looks]
        found = [change(Pair(night, before), PARAMS)["verdict"] for night in nights]
        called += "worse" in found
    assert called <= 0.05 * 300


def rows(users, answers, conversions):
    """Rows of sums, one a user."""
    table = {name: np.zeros(len(users), dtype) for name, dtype in (KEYS | SUMS).items()}
    return table | {
        "user": np.array(users),
        "answers": np.array(answers),
        "conversions": np.array(conversions),
    }


def test_a_user_of_both_releases_is_one_and_not_two():
    """Who gains as much of either tells nothing of their difference."""
    n = 2000
    gains = [k % 9 for k in range(n)]
    some, alike = rows(range(n), [9] * n, gains), [gain + (gain == 4) for gain in gains]
    same = change(Pair(rows(range(n), [9] * n, alike), some), PARAMS)
    apart = change(Pair(rows(range(n, 2 * n), [9] * n, alike), some), PARAMS)
    assert same["lift"] == apart["lift"] > 0
    assert same["lift_high"] - same["lift_low"] < 0.3 * (apart["lift_high"] - apart["lift_low"])


def test_users_who_all_do_the_same_decide_nothing():
    params = dataclasses.replace(PARAMS, min_users=2)
    found = change(Pair(rows([1, 2], [4, 4], [1, 1]), rows([3, 4], [4, 4], [2, 2])), params)
    assert found["verdict"] == "no verdict yet: all users did the same"
    assert found["lift"] is None
