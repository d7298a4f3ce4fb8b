"""Which evaluation gives which arm more users: without git."""

from dataclasses import replace
from typing import Any

import pytest

from infra.release.acting.verdict import Act
from infra.release.acting.weights import called_for, reason
from movierec.routing import Routing
from tests.infra.release.acting.evaluation import compared, evaluation

ACT = Act(roll_back=True, follow_verdict=True, least_share=0.1, max_age_days=3)
EVEN = Routing("1", {"svd": 50.0, "svdpp": 50.0})


@pytest.mark.parametrize(
    ("verdict", "weights", "wanted"),
    [
        ("svdpp better", {"svd": 50.0, "svdpp": 50.0}, {"svd": 10.0, "svdpp": 90.0}),
        ("svd better", {"svd": 50.0, "svdpp": 50.0}, {"svd": 90.0, "svdpp": 10.0}),
        ("svd better", {"svd": 10.0, "svdpp": 90.0}, {"svd": 90.0, "svdpp": 10.0}),
        ("svdpp better", {"svd": 0.5, "svdpp": 0.5}, {"svd": 0.1, "svdpp": 0.9}),
        (
            "svdpp better",
            {"old": 0.0, "svd": 1.0, "svdpp": 2.0},
            {"old": 0.0, "svd": 0.3, "svdpp": 2.7},
        ),
    ],
)
def test_the_other_arm_keeps_its_least_share(
    verdict: str, weights: dict[str, float], wanted: dict[str, float]
) -> None:
    now = called_for(compared(verdict), Routing("1", weights), ACT)
    assert isinstance(now, Routing) and now.salt == "1", "another salt would deal all users anew"
    assert list(now.weights) == list(weights)
    assert now.weights == pytest.approx(wanted)
    again = called_for(compared(verdict), now, ACT)
    assert isinstance(again, str) and again.endswith("has its least share")


@pytest.mark.parametrize(
    ("verdict", "weights", "said"),
    [
        ("no difference yet", {}, "no difference yet"),
        ("no verdict: there is one arm", {"svdpp": 0.0}, "no verdict: there is one arm"),
        ("svdpp better", {"svdpp": 0.0}, "svdpp better"),
        ("b better", {}, "b better"),
        ("svdpp better; b better", {"b": 1.0}, "svdpp better; b better"),
        ("svdpp better", {"b": 1.0}, "svdpp better, of 3 arms: a person's to decide"),
        ("svdpp better", {"svd": 4.0}, "svdpp better, and svd has its least share"),
    ],
)
def test_what_calls_for_nothing_says_why(
    verdict: str, weights: dict[str, float], said: str
) -> None:
    routing = replace(EVEN, weights=EVEN.weights | weights)
    assert called_for(compared(verdict), routing, ACT) == said


def test_a_bad_release_is_not_its_arm_s_fault() -> None:
    document: dict[str, Any] = evaluation("svdpp@v1.2.0", "svdpp@v1.1.0")
    document["experiment"]["verdict"] = "svd better"
    said = "svd better, but svdpp@v1.2.0 was worse than the release before"
    assert called_for(document, EVEN, ACT) == said


def test_why_is_one_line_of_both_arms() -> None:
    assert reason(compared("svdpp better")) == (
        "online evaluation until 2026-11-24 says svdpp better: svd converts 0.2000 (0.1900 …"
        " 0.2100) of 54,321 answers to 5,432 users, svdpp converts 0.2500 (0.2400 … 0.2600) of"
        " 54,321 answers to 5,432 users"
    )
