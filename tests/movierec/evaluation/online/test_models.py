"""What is said of each model, counted by hand."""

import pytest

from tests.movierec.evaluation.online.rows import FIRST, models, rating, served, watch


def test_rates_by_model_and_tier_with_intervals():
    lines = [served(0, user, ["a"], f"r{user}") for user in range(10)]
    lines += [served(0, 99, ["a"], "new", tier="popular"), watch(1, 99, "a")]
    lines += [watch(1, user, "a") for user in range(4)]
    lines += [served(0, 50, ["a"], "pp", model="svdpp@v1", arm="svdpp")]
    found = models(*lines)
    assert list(found) == ["svd@v1", "svdpp@v1"]
    svd = found["svd@v1"]
    assert (svd["answers"], svd["conversions"], svd["users"]) == (11, 5, 11)
    assert svd["conversion"] == pytest.approx(5 / 11)
    assert svd["low"] < svd["conversion"] < svd["high"]
    assert (svd["tiers"]["model"]["answers"], svd["tiers"]["popular"]["conversions"]) == (10, 1)
    assert (svd["arm"], svd["first_day"], svd["last_day"]) == ("svd", FIRST, FIRST)
    assert svd["fallback"] == pytest.approx(1 / 11)
    assert (found["svdpp@v1"]["conversions"], found["svdpp@v1"]["fallback"]) == (0, 0.0)


def test_minutes_ratings_and_errors_are_of_users():
    lines = [served(m, 1, ["a"], f"r{m}", ratings=[4.0]) for m in (0, 100)]
    lines += [served(0, user, ["a"], f"s{user}", ratings=[3.0]) for user in (2, 3)]
    lines += [watch(1 + m, 2, "a", of=m) for m in range(6)]
    lines += [rating(50, 1, "a", 5), rating(50, 2, "a", 3.5), served(0, 4, ["b"], "t")]
    svd = models(*lines, rating(9, 4, "b", 1))["svd@v1"]
    minutes = svd["minutes"]
    assert (minutes["mean"], minutes["count"]) == (pytest.approx(6 / 5), 5)
    assert minutes["low"] == 0.0 < minutes["mean"] < minutes["high"]
    assert (svd["rating"]["mean"], svd["rating"]["count"]) == (pytest.approx(9.5 / 3), 3)
    assert svd["rmse"] == {"value": pytest.approx(((1 + 0.25) / 2) ** 0.5), "count": 2}


def test_an_interval_of_one_user_is_none():
    svd = models(served(0, 1, ["a"], "r"), rating(9, 1, "a", 4))["svd@v1"]
    assert svd["rating"] == {"mean": 4.0, "low": None, "high": None, "count": 1}
    assert svd["rmse"] == {"value": None, "count": 0}


def test_answers_of_which_none_is_over_are_a_model_all_the_same():
    svd = models(served(1439, 1, ["a"], "not over"))["svd@v1"]
    assert (svd["answers"], svd["censored"], svd["arm"]) == (0, 1, None)
    assert (svd["low"], svd["high"], svd["first_day"]) == (0.0, 1.0, None)


def test_a_repeated_list_is_told():
    found = models(*(served(m, 1, ["a"], f"r{m}", tier="popular") for m in range(4)))["svd@v1"]
    assert (found["repeated"], found["fallback"]) == (0.75, 1.0)


def test_no_lines_are_no_models():
    assert models() == {}
