"""Several fits stored side by side answer as the mean of each by itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from movierec.dataset.matrix import rows_of
from movierec.models.kinds import KINDS
from movierec.models.members import alone
from movierec.models.svd import SVDModel
from tests.inputs.ratings import PARAMS, SCALE, random_ratings, svd_params

USERS, MOVIES = 40, 30
TRAIN, WATCHED = random_ratings(USERS, MOVIES, 0.3), random_ratings(USERS, MOVIES, 0.2, seed=1)
U, I = np.repeat(np.arange(USERS), MOVIES), np.tile(np.arange(MOVIES), USERS)  # noqa: E741
WIDE = (-1000.0, 1000.0)
"""A scale on which nothing is clipped."""


def fitted(kind: str, hyper: Any, **options: Any) -> Any:
    return KINDS[kind].fit(TRAIN, hyper, watched=WATCHED, **{"scale": WIDE} | options)


@pytest.fixture(params=[(k, d, s) for k in PARAMS for d in ("f4", "f8") for s in (2, 3)])
def both(request: pytest.FixtureRequest) -> tuple[Any, list[Any], float]:
    """(the model of several members, each of them fitted by itself, what rounding may cost)."""
    kind, dtype, members = request.param
    hyper = PARAMS[kind](n_factors=5, n_epochs=30, lr_decay=0.02, members=members)
    one = fitted(kind, hyper, dtype=dtype)
    return (
        one,
        [fitted(kind, own, dtype=dtype) for own in alone(hyper)],
        (1e-6 if dtype == "f4" else 1e-12),
    )


def test_each_member_has_a_seed_of_its_own_and_the_first_one_the_model_s() -> None:
    first, *others = alone(svd_params(members=3, seed=2**32 - 2))
    assert first == svd_params(seed=2**32 - 2)
    assert [hyper.seed for hyper in others] == [2**32 - 1, 0]
    assert {replace(hyper, seed=0) for hyper in others} == {svd_params(seed=0)}


def test_predictions_are_the_mean_of_the_members(both: Any) -> None:
    one, members, rounding = both
    mean = np.mean([member.predict(U, I) for member in members], axis=0)
    assert np.abs(one.predict(U, I) - mean).max() < rounding
    assert np.abs(members[0].predict(U, I) - mean).max() > 1e-3  # they do differ
    for u in (0, USERS - 1):
        scores = np.mean([member.scores(u) for member in members], axis=0)
        assert np.abs(one.scores(u) - scores).max() < rounding


NONE = np.empty(0, np.int64)
HISTORIES = {
    "nothing": (NONE, np.empty(0), NONE),
    "watches": (NONE, np.empty(0), np.array([2, 5])),
    "ratings": (np.array([1, 4, 7]), np.array([5.0, 1.0, 2.0]), NONE),
    "both": (np.array([1, 4, 7]), np.array([5.0, 1.0, 2.0]), np.array([2, 4, 5])),
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_stranger_is_folded_in_by_each_member_with_its_own_movies(
    both: Any, history: Any
) -> None:
    one, members, rounding = both
    mean = np.mean([member.scores_for(*history) for member in members], axis=0)
    assert np.abs(one.scores_for(*history) - mean).max() < rounding


@pytest.mark.parametrize("kind", sorted(PARAMS))
@pytest.mark.parametrize("seed", range(5))
def test_the_mean_errs_no_more_than_its_members_do(kind: str, seed: int) -> None:
    """On ratings that none of them saw: the error of a mean is at most the mean of errors."""
    unseen = random_ratings(USERS, MOVIES, 0.3, seed=2)
    hyper: Any = PARAMS[kind](n_epochs=40, lr_pu=0.02, lr_qi=0.02, seed=seed, members=3)

    def squared(model: SVDModel) -> float:
        off = model.predict(rows_of(unseen), unseen.indices) - unseen.data
        return float(np.mean(off**2))

    members = [squared(fitted(kind, own)) for own in alone(hyper)]
    assert squared(fitted(kind, hyper)) < np.mean(members)


def test_what_movies_tell_by_being_taken_up_is_the_mean_of_the_members() -> None:
    hyper: Any = PARAMS["svdpp"](n_factors=5, n_epochs=20, members=3)
    one, members = fitted("svdpp", hyper), [fitted("svdpp", own) for own in alone(hyper)]
    told = np.array([0, 3, 9]), np.array([1, 4]), np.array([2, 4, 5])
    N, parts = one.implicit_parts(*told)
    each = [member.implicit_parts(*told) for member in members]
    assert N.tolist() == each[0][0].tolist() == [1, 2, 4, 5]
    assert np.abs(parts - np.mean([of for _, of in each], axis=0)).max() < 1e-6


def test_predictions_are_clipped_after_the_mean() -> None:
    hyper = svd_params(n_factors=5, n_epochs=60, lr_pu=0.05, lr_qi=0.05, members=2)
    tight, free = (fitted("svd", hyper, scale=scale) for scale in (SCALE, WIDE))
    assert (tight.predict(U, I) == np.clip(free.predict(U, I), *SCALE)).all()
    clipped = [fitted("svd", own, scale=SCALE).predict(U, I) for own in alone(hyper)]
    assert np.abs(np.mean(clipped, axis=0) - tight.predict(U, I)).max() > 1e-3


def test_arrays_stand_member_by_member_and_only_q_is_divided() -> None:
    hyper: Any = PARAMS["svdpp"](n_factors=5, n_epochs=4, members=2)
    one, members = fitted("svdpp", hyper), [fitted("svdpp", own) for own in alone(hyper)]
    for m, member in enumerate(members):
        lanes = slice(5 * m, 5 * m + 5)
        assert (one.movie_factors[lanes] == member.movie_factors / 2).all()
        assert (one.user_factors[:, lanes] == member.user_factors).all()
        assert (one.implicit_factors[:, lanes] == member.implicit_factors).all()
        assert (one.user_implicit[:, lanes] == member.user_implicit).all()
        assert (one.member_bias[m] == member.movie_bias).all()
    assert one.movie_bias.dtype == one.movie_factors.dtype == np.float32


def test_one_member_keeps_no_biases_beside_its_own() -> None:
    one = fitted("svd", svd_params(n_epochs=2))
    assert "member_bias" not in one.arrays()
    with pytest.raises(ValueError, match="a member_bias beside members 1"):
        replace(one, member_bias=one.movie_bias[None])
    assert isinstance(one, SVDModel)
    with pytest.raises(ValueError, match="no member_bias beside members 2"):
        replace(one, hyper=svd_params(members=2))
