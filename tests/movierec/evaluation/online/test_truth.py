"""Judged against the truth of a simulated world: how often nightly looks are wrong, and right.

The world's users have hidden tastes; a user's chance of starting a movie of his list follows from
them, as in infra/simulator/live.py, and how often he asks from his activity. Each replication deals
the users anew and lets them live for two weeks; every night everything so far is compared.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from infra.simulator.exact import stream
from infra.simulator.live import APPEAL, PATIENCE
from infra.simulator.world import HIGH, LOW, make_world
from movierec.evaluation.online.experiment import (
    MISMATCH,
    NOTHING_YET,
    Plan,
    Totals,
    compare,
    mismatch,
    share_interval,
)
from movierec.routing import arm

pytestmark = pytest.mark.slow

USERS, MOVIES, LIST, NIGHTS, ASKS = 4000, 160, 20, 14, 0.5
PLAN = Plan(confidence=0.95, smallest_lift=0.1, power=0.8, min_users=100)
WEIGHTS = {"svd": 50, "svdpp": 50}


@dataclass(frozen=True)
class Crowd:
    chance: NDArray[np.float64]  # (USERS,) of a conversion, by an answer
    activity: NDArray[np.float64]  # (USERS,) answers a night, on average

    @property
    def rate(self) -> float:
        return float((self.chance * self.activity).sum() / self.activity.sum())


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    world = make_world(7, USERS, MOVIES)
    liking = world.liking(np.arange(USERS))
    pleasure = np.clip((liking - LOW) / (HIGH - LOW), 0, 1)
    lists = np.argsort(stream(7, 9).random((USERS, MOVIES)), axis=1)[:, :LIST]
    starts = APPEAL * np.take_along_axis(pleasure, lists, axis=1) ** 2
    reads = np.cumprod(np.c_[np.ones(USERS), (1 - starts[:, :-1]) * PATIENCE], axis=1)
    return Crowd((starts * reads).sum(axis=1), ASKS * world.activity)


@dataclass(frozen=True)
class Outcome:
    called: bool  # a difference, at any night
    right: bool  # and of the better arm
    held: bool  # the difference's interval, at every night
    shares_held: int  # of the two arms' intervals, at the last night
    off_plan: bool  # at any night


def two_weeks(crowd: Crowd, number: int, lift: float) -> Outcome:
    """One replication: `lift` is svdpp's."""
    random = stream(11, number)
    dealt = np.array([arm(u, str(number), WEIGHTS) for u in range(USERS)]) == "svdpp"
    chance = crowd.chance * np.where(dealt, 1 + lift, 1.0)
    answers, gains = np.zeros((2, USERS)), np.zeros((2, USERS))
    called = right = off = False
    held = True
    for night in range(1, NIGHTS + 1):
        asked = random.poisson(crowd.activity)
        started = random.binomial(asked, chance)
        for k, own in enumerate((~dealt, dealt)):
            answers[k] += asked * own
            gains[k] += started * own
        totals = Totals(("svd", "svdpp"), answers, gains)
        off |= mismatch(totals.users.tolist(), [50, 50]) < MISMATCH
        found = compare(totals, 1, 0, PLAN, night)
        if not called and found["verdict"] != NOTHING_YET:
            called, right = True, found["verdict"] == "svdpp better"
        held &= found["low"] <= lift * crowd.rate <= found["high"]
    shares = 0
    for k, truth in enumerate((crowd.rate, crowd.rate * (1 + lift))):
        own = answers[k] > 0
        low, high = share_interval(answers[k, own], gains[k, own], 0.95)
        shares += low <= truth <= high
    return Outcome(called, right, held, shares, off)


def share(outcomes: list[Outcome], what: str) -> float:
    return sum(getattr(one, what) for one in outcomes) / len(outcomes)


def test_two_equal_arms_are_called_different_in_five_of_a_hundred_at_most(crowd: Crowd) -> None:
    outcomes = [two_weeks(crowd, number, 0.0) for number in range(400)]
    called, off = share(outcomes, "called"), share(outcomes, "off_plan")
    held, shares = share(outcomes, "held"), share(outcomes, "shares_held") / 2
    print(f"\nA/A, 400 times 14 nights: a difference called in {called:.1%}, off plan {off:.1%}")
    print(
        f"the sequence held the truth at every look in {held:.1%}, an arm's interval {shares:.1%}"
    )
    assert called <= 0.05
    assert held >= 0.95
    assert shares >= 0.95
    assert off <= 0.01


def test_a_lift_of_a_tenth_is_found_in_eight_of_ten_and_never_the_wrong_way(crowd: Crowd) -> None:
    outcomes = [two_weeks(crowd, number, 0.1) for number in range(200)]
    found, called = share(outcomes, "right"), share(outcomes, "called")
    held = share(outcomes, "held")
    print(f"\na lift of 10 %, 200 times: found in {found:.1%}, called in {called:.1%}")
    print(f"the sequence held the truth at every look in {held:.1%}")
    assert found >= 0.8
    assert called - found <= 0.01
    assert held >= 0.95
