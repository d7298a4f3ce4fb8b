"""What a report says of models and arms, counted by hand."""

import pytest

from movierec.errors import BadParams
from movierec.evaluation.online.experiment import Plan
from movierec.evaluation.online.joining import answers_of, complete_until, distinct, starts_of
from movierec.evaluation.online.reporting import Online, by_arm, by_model, judge
from movierec.fields import checked
from movierec.routing import Routing
from movierec.times import MINUTE
from tests.movierec.evaluation.online.rows import rows, served, watch

WINDOW = 30 * MINUTE
PLAN = Plan(confidence=0.95, smallest_lift=0.1, power=0.8, min_users=20)
EVEN = Routing("1", {"svd": 50.0, "svdpp": 50.0})


def judged(table, days=None):
    """The answers of rows; with `days`, those alone whose time is over by their end."""
    answers = distinct(answers_of(table))
    complete = complete_until(answers["time"].to_numpy(), days) if days else None
    return judge(answers, starts_of(table, answers["user"].unique()), complete, WINDOW)


def models(table, days=None):
    return by_model(judged(table, days), 0.95)


@pytest.mark.parametrize(("deadline_ms", "good"), [(1, True), (0, False)])
def test_a_deadline_is_a_whole_number_of_milliseconds_from_one_on(deadline_ms, good):
    given = {"conversion_minutes": 0.5, "confidence": 0.9, "deadline_ms": deadline_ms}
    given |= {"smallest_lift": 0.1, "power": 0.8, "min_users": 2}
    given |= {"days": 14, "max_loss": 0.1, "since": ""}
    if good:
        assert checked(Online, given, "online") == Online(**given)
    else:
        with pytest.raises(BadParams, match="online: deadline_ms must be at least 1, got 0"):
            checked(Online, given, "online")


def test_a_movie_that_stands_twice_in_a_list_and_many_watches_convert_once():
    table = rows(served(0, 1, ["a", "a"], "r"), *(watch(m, 1, "a") for m in range(1, 9)))
    measured = models(table)["svd@v1"]
    assert (measured["answers"], measured["conversions"]) == (1, 1)


def test_rates_by_model_and_tier_with_intervals():
    lines = [served(0, user, ["a"], f"r{user}") for user in range(10)]
    lines += [served(0, 99, ["a"], "new", tier="popular"), watch(1, 99, "a")]
    lines += [watch(1, user, "a") for user in range(4)]
    lines += [served(0, 50, ["a"], "pp", model="svdpp@v1")]
    table = rows(*lines)
    measured = models(table)
    assert list(measured) == ["svd@v1", "svdpp@v1"]
    svd = measured["svd@v1"]
    assert (svd["answers"], svd["conversions"], svd["users"]) == (11, 5, 11)
    assert svd["conversion"] == pytest.approx(5 / 11, abs=1e-6)
    assert svd["low"] < svd["conversion"] < svd["high"]
    assert svd["tiers"]["model"]["answers"] == 10
    assert svd["tiers"]["popular"]["conversions"] == 1
    assert measured["svdpp@v1"]["conversions"] == 0


def test_an_answer_whose_window_is_not_over_is_left_out_and_counted():
    day = 1440
    table = rows(
        served(day - 30, 1, ["a"], "over"),
        served(day - 29.999, 2, ["a"], "not over"),
        watch(day - 20, 2, "a"),
    )
    measured = models(table, ["1970-01-01"])["svd@v1"]
    assert (measured["answers"], measured["censored"], measured["conversions"]) == (1, 1, 0)
    taken = models(table)["svd@v1"]
    assert (taken["answers"], taken["censored"], taken["conversions"]) == (2, 0, 1)


def test_lists_that_repeat_fall_back_and_how_many_movies_they_hold():
    table = rows(
        served(0, 1, ["a", "b"], "r1"),
        served(1, 2, ["a", "b"], "r2"),  # of another user
        served(2, 1, ["a", "b"], "r3", model="svdpp@v1"),  # again, whoever gives it
        served(3, 1, ["b", "a"], "r4", tier="popular"),
        served(4, 1, ["b", "a"], "r5"),
    )
    found = models(table)
    told = {name: (m["repeated"], m["fallback"], m["movies"]) for name, m in found.items()}
    assert told == {"svd@v1": (1 / 4, 1 / 4, 2), "svdpp@v1": (1.0, 0.0, 2)}


def test_answers_of_which_none_is_over_are_a_model_all_the_same():
    measured = models(rows(served(1439, 1, ["a"], "not over")), ["1970-01-01"])["svd@v1"]
    assert (measured["answers"], measured["censored"]) == (0, 1)
    assert (measured["low"], measured["high"]) == (0.0, 1.0)


def test_no_lines_at_all_make_an_empty_report():
    assert models(rows()) == {}
    found = by_arm(judged(rows()), EVEN, PLAN, 1)
    assert found["arms"]["svd"]["answers"] == 0
    assert found["verdict"].startswith("no difference yet: 0 users in an arm")


def lives(arm, first, users, converting):
    """Of each of `users` an answer, and of every `converting`th a start."""
    lines = [served(0, u, ["a"], f"r{u}", arm=arm) for u in range(first, first + users)]
    return lines + [watch(1, u, "a") for u in range(first, first + users, converting)]


def test_arms_are_compared_with_the_first_and_a_verdict_names_the_better():
    found = by_arm(
        judged(rows(*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 400, 2))), EVEN, PLAN, 1
    )
    (comparison,) = found["comparisons"]
    assert (comparison["arm"], comparison["against"]) == ("svdpp", "svd")
    assert comparison["difference"] == pytest.approx(1 / 2 - 1 / 8)
    assert found["verdict"] == "svdpp better"
    svd = found["arms"]["svd"]
    assert (svd["users"], svd["users_first"], svd["conversions"]) == (400, 400, 50)
    assert found["mismatch"] > 0.1


def test_two_halves_of_all_users_are_compared_as_well_and_are_the_same():
    table = rows(*lives("svd", 0, 400, 3), *lives("svdpp", 1000, 400, 3))
    found = by_arm(judged(table), EVEN, PLAN, 1)
    assert found["aa"]["verdict"] == found["verdict"] == "no difference yet"


def test_users_that_were_not_dealt_as_planned_allow_no_verdict():
    table = rows(*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 700, 2))
    found = by_arm(judged(table), EVEN, PLAN, 1)
    assert found["comparisons"][0]["verdict"] == "svdpp better"
    assert found["verdict"].startswith("no verdict: the split of users is off plan (p = ")
    planned = Routing("1", {"svd": 4.0, "svdpp": 7.0})
    assert by_arm(judged(table), planned, PLAN, 1)["verdict"] == "svdpp better"


def test_an_arm_without_weight_takes_no_part_and_one_alone_has_no_verdict():
    table = rows(*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 9, 2))
    found = by_arm(judged(table), Routing("1", {"svd": 1.0, "svdpp": 0.0}), PLAN, 1)
    assert (list(found["arms"]), found["comparisons"]) == (["svd"], [])
    assert found["verdict"] == "no verdict: there is one arm"


def test_of_three_arms_each_comparison_is_surer():
    lines = [*lives("svd", 0, 400, 8), *lives("svdpp", 1000, 400, 2)]
    two = by_arm(judged(rows(*lines)), EVEN, PLAN, 1)["comparisons"][0]
    three = Routing("1", {"svd": 1.0, "svdpp": 1.0, "ease": 1.0})
    wider = by_arm(judged(rows(*lines, *lives("ease", 2000, 400, 8))), three, PLAN, 1)
    assert [c["arm"] for c in wider["comparisons"]] == ["svdpp", "ease"]
    assert wider["comparisons"][0]["high"] > two["high"]
    assert wider["verdict"] == "svdpp better; no difference yet"
