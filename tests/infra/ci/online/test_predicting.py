"""Orders of releases: what can be said of how many, in which direction, how surely."""

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from infra.ci.online.predicting import EXACT, FEWEST, interval, order_of

RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_of_too_few_releases_nothing_is_said() -> None:
    few = order_of("rmse", RISING[: FEWEST - 1], RISING[: FEWEST - 1])
    assert (few.rho, few.p) == (None, None)
    assert few.verdict == f"too few releases to say: {FEWEST - 1}, of at least {FEWEST}"
    assert order_of("recall", [], []).verdict.startswith("too few")


@pytest.mark.parametrize(
    ("measure", "values", "says"),
    [
        ("recall", RISING, "it predicted conversion"),
        ("rmse", RISING[::-1], "it predicted conversion"),
        ("rmse", RISING, "the better it was, the less users took up"),
        ("ndcg", RISING[::-1], "the better it was, the less users took up"),
        ("ndcg", [0.3, 0.1, 0.2, 0.3, 0.2, 0.1, 0.3], "not to be told from chance"),
        ("ndcg", [0.3] * 7, "nothing to say: all releases have one value"),
    ],
)
def test_a_verdict_says_in_which_direction(measure: str, values: list[float], says: str) -> None:
    assert order_of(measure, values, RISING).verdict == says


def test_a_perfect_order_of_six_is_as_rare_as_two_of_all_their_orders() -> None:
    order = order_of("recall", RISING[:6], RISING[:6])
    assert order.p == pytest.approx(2 / math.factorial(6))
    assert (order.rho, order.high) == (pytest.approx(1.0), pytest.approx(1.0, abs=0.01))
    assert order.low is not None and 0 < order.low < 1


@pytest.mark.parametrize("n", [FEWEST, EXACT, 20])
def test_the_correlation_is_spearmans_ties_included(n: int) -> None:
    random = np.random.default_rng(n)
    x, y = random.integers(0, 4, n) / 10, random.random(n)
    order = order_of("recall", x.tolist(), y.tolist())
    assert order.rho == pytest.approx(spearmanr(x, y).statistic)
    assert interval(order.rho or 0.0, n) == (order.low, order.high)


def test_the_same_releases_are_said_the_same_of_twice() -> None:
    random = np.random.default_rng(1)
    x, y = random.random(15).tolist(), random.random(15).tolist()
    assert order_of("recall", x, y) == order_of("recall", x, y)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    rho = 0.6  # of normal pairs; Spearman's is 6/π · asin(ρ/2)
    truth = 6 / math.pi * math.asin(rho / 2)
    found = 0
    for _ in range(400):
        x = random.normal(size=12)
        y = rho * x + math.sqrt(1 - rho**2) * random.normal(size=12)
        low, high = interval(float(spearmanr(x, y).statistic), 12)
        found += low <= truth <= high
    assert found / 400 > 0.92


def test_releases_of_chance_are_seldom_said_to_be_in_order() -> None:
    random = np.random.default_rng(3)
    said = [
        order_of("recall", random.random(7).tolist(), random.random(7).tolist()).verdict
        for _ in range(60)
    ]
    assert sum(one != "not to be told from chance" for one in said) <= 4
