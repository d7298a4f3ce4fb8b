"""Arms against one another."""

import dataclasses

import pytest

from movierec.evaluation.online.arms import by_arm, dealt, elsewhere
from movierec.evaluation.online.experiment import Plan
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.together import together
from movierec.routing import Routing, arm
from tests.movierec.evaluation.online.rows import EVEN, PARAMS, SECOND, served, summed, watch


def lives(arm, first, users, converting, minute=0.0):
    """Of each of `users` an answer, and of every `converting`th a start."""
    some = range(first, first + users)
    lines = [served(minute, u, ["a"], f"r{u}", f"{arm}@v1", arm=arm) for u in some]
    return lines + [watch(minute + 1, u, "a") for u in some[::converting]]


def compared(*lines, routing=EVEN):
    return by_arm(together([summed(*lines)]), routing, Plan.of(PARAMS))


def test_arms_are_compared_with_the_first_and_a_verdict_names_the_better():
    found = compared(*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 400, 2))
    (comparison,) = found["comparisons"]
    assert (comparison["arm"], comparison["against"]) == ("svdpp", "svd")
    assert comparison["difference"] == pytest.approx(1 / 2 - 1 / 8)
    assert found["verdict"] == "svdpp better"
    svd = found["arms"]["svd"]
    assert (svd["users"], svd["users_first"], svd["conversions"]) == (400, 400, 50)
    assert found["mismatch"] > 0.1


def test_two_halves_of_all_users_are_compared_as_well_and_are_the_same():
    found = compared(*lives("svd", 0, 400, 3), *lives("svdpp", 1000, 400, 3))
    assert found["aa"]["verdict"] == found["verdict"] == "no difference yet"


def test_users_that_were_not_dealt_as_planned_allow_no_verdict():
    lines = [*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 700, 2)]
    found = compared(*lines)
    assert found["comparisons"][0]["verdict"] == "svdpp better"
    assert found["verdict"].startswith("no verdict: the split of users is off plan (p = ")
    planned = Routing("1", {"svd": 4.0, "svdpp": 7.0})
    assert compared(*lines, routing=planned)["verdict"] == "svdpp better"


def test_a_user_counts_for_the_arm_that_was_met_first_of_all_days():
    first = summed(*lives("svd", 0, 30, 3))
    second = summed(*lives("svdpp", 0, 40, 3, minute=1500), day=SECOND)
    for days in ([first, second], [second, first]):
        arms = by_arm(together(days), EVEN, Plan.of(PARAMS))["arms"]
        assert [arms[name]["users_first"] for name in arms] == [30, 10]


def test_an_arm_without_weight_takes_no_part_and_one_alone_has_no_verdict():
    lines = [*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 9, 2)]
    found = compared(*lines, routing=Routing("1", {"svd": 1.0, "svdpp": 0.0}))
    assert (list(found["arms"]), found["comparisons"]) == (["svd"], [])
    assert found["verdict"] == "no verdict: there is one arm"


def test_of_three_arms_each_comparison_is_surer():
    lines = [*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 400, 2)]
    two = compared(*lines)["comparisons"][0]
    three = Routing("1", {"svd": 1.0, "svdpp": 1.0, "ease": 1.0})
    wider = compared(*lines, *lives("ease", 2000, 400, 8), routing=three)
    assert [c["arm"] for c in wider["comparisons"]] == ["svdpp", "ease"]
    assert wider["comparisons"][0]["high"] > two["high"]
    assert wider["verdict"] == "svdpp better; no difference yet"


def test_no_lines_at_all_are_no_difference_yet():
    found = compared()
    assert found["arms"]["svd"]["answers"] == 0
    assert found["verdict"].startswith("no difference yet: 0 users in an arm")


def test_answers_of_another_arm_than_the_user_s_are_counted():
    routing = Routing("s", {"svd": 2.0, "svdpp": 1.0, "off": 0.0})
    home = {user: arm(user, "s", routing.weights) for user in range(100)}
    lines = [served(user, user, ["a"], "r", arm=name) for user, name in home.items()]
    assert elsewhere(together([summed(*lines)]), routing) == 0
    lines += [served(200 + user / 9, user, ["a"], "s", arm="svdpp") for user in range(100)]
    lines += [served(300, 1, ["a"], "t", arm="nobody"), served(301, 1, ["a"], "u", arm="off")]
    away = 2 + list(home.values()).count("svd")
    assert elsewhere(together([summed(*lines)]), routing) == away
    assert dealt(together([summed(*lines)]).rows["user"][:1], "s", routing.weights) == home[0]


def test_arms_are_compared_from_the_day_on_that_has_the_weights_of_now():
    days = [
        summed(*lives("svd", 0, 800, 8)),
        summed(*lives("svd", 0, 300, 8, 1500), *lives("svdpp", 1000, 300, 2, 1500), day=SECOND),
    ]
    assert merge(days, PARAMS, EVEN)["experiment"]["verdict"].startswith("no verdict: the split")
    since = merge(days, dataclasses.replace(PARAMS, since=SECOND), EVEN)
    assert since["experiment"]["verdict"] == "svdpp better"
    assert (since["experiment"]["days"], len(since["days"])) == ([SECOND], 2)
    assert since["models"]["svd@v1"]["answers"] == 1100
