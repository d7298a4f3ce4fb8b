"""Candidates follow from their number and the seed; most are steps from the best."""

from typing import Any

import numpy as np
import pytest

from movierec.models import candidates
from movierec.models.candidates import FACTORS, REGULARISATION, SPREAD, candidate, stepped
from tests.inputs.ratings import PARAMS

LEARNT = {"svd": ["bu", "bi", "pu", "qi"], "svdpp": ["bu", "bi", "pu", "qi", "yj"]}
all_kinds = pytest.mark.parametrize("kind", sorted(PARAMS))
SEEN = 300


def changed(one: Any, other: Any) -> set[str]:
    """The hyperparameters in which two settings differ."""
    return {name for name, value in vars(one).items() if value != getattr(other, name)}


def best_of(kind: str) -> Any:
    return PARAMS[kind](n_factors=32, n_epochs=100, patience=4, lr_decay=0.03)


@all_kinds
def test_the_first_is_the_start_and_all_run_long(kind: str) -> None:
    start, best = PARAMS[kind](), best_of(kind)
    assert changed(candidate(0, start, best, 1), start) == {"n_epochs", "patience"}
    for number in range(20):
        hyper = candidate(number, start, best, 1)
        assert (hyper.n_epochs, hyper.patience) == (100, 4)
        assert (hyper.init_mean, hyper.seed, hyper.holdout_share) == (0.0, 42, 0.0)


@all_kinds
def test_most_are_steps_of_a_few_groups_from_the_best(kind: str) -> None:
    start, best = PARAMS[kind](), best_of(kind)
    steps = draws = 0
    touched: set[str] = set()
    for number in range(1, SEEN):
        hyper = candidate(number, start, best, 1)
        names = changed(hyper, best)
        rates = {name for name in names if name.startswith("lr_") and name != "lr_decay"}
        groups = list(names - rates) + [
            group for group in start.LEARNT if rates & {f"lr_{name}" for name in group}
        ]
        steps, draws = steps + (len(groups) <= 3), draws + (len(groups) > 3)
        if len(groups) <= 3:
            touched |= names
    assert 0.8 < steps / (steps + draws) < 0.9
    assert draws > 10
    every = {f"{what}_{name}" for what in ("lr", "reg") for name in LEARNT[kind]}
    assert touched == every | {"n_factors", "init_std_dev", "lr_decay"}


@all_kinds
def test_every_value_stays_within_its_bounds(kind: str) -> None:
    start = PARAMS[kind]()
    best: Any = start
    for number in range(1, SEEN):  # each from the one before: a walk runs into all bounds
        best = candidate(number, start, best, 1)
        for name in LEARNT[kind]:
            assert 0.0005 <= getattr(best, f"lr_{name}") <= 0.05
            if getattr(best, f"reg_{name}") != 0.02:  # of the start, as long as it is not touched
                assert REGULARISATION[0] <= getattr(best, f"reg_{name}") <= REGULARISATION[1]
        assert best.n_factors in (*FACTORS, 20)
        assert max(FACTORS) == 128
        assert 0 <= best.lr_decay <= 0.08
        assert best.init_std_dev == 0.1 or SPREAD[0] <= best.init_std_dev <= SPREAD[1]
        assert (best.lr_bu, best.lr_pu) == (best.lr_bi, best.lr_qi)


def test_what_is_zero_can_be_stepped_from() -> None:
    best: Any = PARAMS["svd"](reg_bu=0.0)
    steps = [stepped(best, np.random.default_rng(number)) for number in range(SEEN)]
    values = {step["reg_bu"] for step in steps if "reg_bu" in step}
    assert min(values) >= REGULARISATION[0]
    assert len(values) > 20


def test_they_follow_from_number_and_seed_alone() -> None:
    start, best = PARAMS["svd"](), best_of("svd")
    assert candidate(7, start, best, 1) == candidate(7, start, best, 1)
    assert candidate(7, start, best, 1) != candidate(8, start, best, 1)
    assert candidate(7, start, best, 1) != candidate(7, start, best, 2)


@pytest.mark.parametrize(("factors", "neighbours"), [(4, {8}), (20, {16, 32}), (128, {64})])
def test_factors_move_by_a_rung(factors: int, neighbours: set[int]) -> None:
    assert {candidates._rung(factors, up=up) for up in (True, False)} == neighbours
