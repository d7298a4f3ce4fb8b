"""Settings are compared on the same held-out training ratings, the hopeless ones only once."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from movierec.errors import BadInput, LimitExceeded
from movierec.models.judging import HOLDOUT, PARTS, Judged, choose, judge
from movierec.models.kinds import KINDS
from movierec.models.training import Train, fitter
from tests.inputs.ratings import PARAMS, dataset_of, random_ratings, svd_params
from tests.inputs.settings import Fits, threes

BEST = Judged((1.0, 1.0, 1.0), (3, 3, 3))


def test_three_parts_of_the_training_ratings_are_held_out_in_turn() -> None:
    fits = Fits(lambda hyper: 1.0 + hyper.seed)  # the seed is the part's number
    judged = judge(fits, threes(), svd_params(n_epochs=9, members=4))
    assert judged.errors == pytest.approx((1.0, 2.0, 3.0))
    assert judged.epochs == (3, 3, 3)
    assert (judged.score, judged.n_epochs) == (pytest.approx(2.0), 3)
    said = [(hyper.holdout_share, hyper.seed, hyper.members) for hyper in fits.tried]
    assert said == [(HOLDOUT, part, 1) for part in range(PARTS)]


@pytest.mark.parametrize(
    ("errors", "parts"),
    [
        ((1.011, 1.0, 1.0), 1),
        ((1.009, 1.0, 1.0), 2),
        ((1.0, 1.008, 1.0), 2),
        ((1.0, 1.005, 1.0), 3),
        ((1.0, 1.0, 9.0), 3),
        ((0.9, 1.1, 1.0), 3),
    ],
)
def test_what_is_far_behind_is_given_up(errors: tuple[float, ...], parts: int) -> None:
    fits = Fits(lambda hyper: errors[hyper.seed])
    judged = judge(fits, threes(), svd_params(n_epochs=5), BEST)
    assert len(fits.tried) == len(judged.errors) == parts
    assert (judged.score < np.inf) == (parts == PARTS)


def test_without_a_rival_nothing_is_given_up() -> None:
    fits = Fits(lambda hyper: 100.0)
    assert judge(fits, threes(), svd_params(n_epochs=5)).score == pytest.approx(100)


def test_what_diverges_is_worse_than_all() -> None:
    dataset = dataset_of(random_ratings(40, 30, 0.4))
    fit_once = fitter(KINDS["svd"], Train("fast", "float32", "watched"), dataset.scale)
    judged = judge(fit_once, dataset, svd_params(lr_pu=5.0, lr_qi=5.0))
    assert (judged, judged.score) == (Judged(), np.inf)
    good = svd_params(n_epochs=2)
    assert choose(fit_once, dataset, [svd_params(lr_pu=5.0, lr_qi=5.0), good]) == good


def test_too_few_ratings_to_judge_by_are_refused() -> None:
    with pytest.raises(BadInput, match="1 training ratings are too few to hold any out"):
        judge(Fits(), dataset_of(random_ratings(1, 1, 1.0)), svd_params())


def test_the_better_of_two_is_chosen_as_it_is() -> None:
    bad, good = svd_params(reg_bu=0.3, n_epochs=7), svd_params(reg_bu=0.1, n_epochs=9)
    for pair in ([bad, good], [good, bad]):
        assert choose(Fits(), threes(), pair) == good
    twin = replace(good, init_mean=1.0)
    assert choose(Fits(), threes(), [good, twin]) == good
    assert choose(Fits(), threes(), [twin, good]) == twin


def test_a_bad_rival_costs_one_part() -> None:
    fits = Fits()
    choose(fits, threes(), [svd_params(reg_bu=0.1), svd_params(reg_bu=0.9)])
    assert len(fits.tried) == PARTS + 1


def test_when_all_diverge_the_first_is_kept() -> None:
    def diverge(*_: Any) -> Any:
        raise LimitExceeded("it diverges")

    pair = [svd_params(), svd_params(reg_bu=0.1)]
    assert choose(diverge, threes(), pair) == pair[0]


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_the_validation_part_is_not_looked_at(kind: str) -> None:
    train = random_ratings(40, 30, 0.4)
    fit_once = fitter(KINDS[kind], Train("fast", "float32", "watched"), (1.0, 5.0))
    judged = [
        judge(fit_once, dataset_of(train, held, train), PARAMS[kind](n_epochs=2))
        for held in (random_ratings(40, 30, 0.4, seed=1), random_ratings(40, 30, 0.4, seed=2))
    ]
    assert judged[0] == judged[1]
