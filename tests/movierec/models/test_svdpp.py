"""SVD++ answers by its formula: N(u) counts without a rating too."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from movierec.errors import BadParams
from movierec.fields import checked
from movierec.models.svdpp import SVDpp, SVDppModel
from tests.inputs.ratings import SCALE, svdpp_params

NONE: np.ndarray = np.empty(0, np.int64)
MODEL = SVDppModel(
    scale=SCALE,
    hyper=svdpp_params(n_factors=2),
    mean=3.0,
    watches=True,
    user_bias=np.array([0.5], "f4"),
    movie_bias=np.zeros(4, "f4"),
    user_factors=np.array([[1.0, 2.0]], "f4"),
    movie_factors=np.array([[0.5, 0.0, 1.0, 0.0], [-0.25, 1.0, 0.0, 0.0]], "f4"),
    user_implicit=np.array([[-1.0, 0.5]], "f4"),
    implicit_factors=np.array([[1.0, 0.0], [0.0, 2.0], [4.0, 0.0], [3.0, 3.0]], "f4"),
)


def test_a_rating_has_the_implicit_part_in_it() -> None:
    expected = [3.5 - 0.25 * 2.5, 3.5 + 2.5, 3.5, 3.5]
    assert MODEL.scores(0).tolist() == expected
    u, i = np.zeros(4, int), np.arange(4)
    assert MODEL.predict(u, i).tolist() == np.clip(expected, *SCALE).tolist()


@pytest.mark.parametrize(
    ("items", "watched", "S"),
    [
        (NONE, NONE, [0.0, 0.0]),
        (NONE, np.array([1]), [0.0, 2.0]),
        (np.array([0]), np.array([0, 1, 2, 3]), [4.0, 2.5]),  # each movie once
    ],
)
def test_n_of_u_are_rated_and_watched_movies(
    items: np.ndarray, watched: np.ndarray, S: list[float]
) -> None:
    assert MODEL.implicit(items, watched) == pytest.approx(S)
    ratings = np.full(len(items), 4.0)
    same = MODEL.scores_for(items, ratings, watched) == MODEL.scores_for(items, ratings, items)
    assert same.all() == (len(watched) == 0)


def test_watches_do_not_count_where_the_model_knows_none() -> None:
    model = replace(MODEL, watches=False)
    assert model.implicit(NONE, np.array([1])).tolist() == [0.0, 0.0]
    assert model.implicit(np.array([1]), np.array([3])).tolist() == [0.0, 2.0]


def test_each_movie_taken_up_adds_its_part_to_a_rating() -> None:
    found = MODEL.implicit_parts(np.array([0, 1]), np.array([0]), np.array([3, 1, 0]))
    assert found is not None
    N, parts = found
    assert N.tolist() == [0, 1, 3]
    expected = np.array([[0.5, -0.5, 0.75], [0.0, 2.0, 3.0]]) / np.sqrt(3)
    assert parts == pytest.approx(expected)
    S = MODEL.implicit(np.array([0]), np.array([3, 1]))
    assert parts.sum(axis=1) == pytest.approx(MODEL.movie_factors[:, :2].T @ S)


def test_where_watches_do_not_count_parts_are_of_rated_movies_or_not_known() -> None:
    model, seen = replace(MODEL, watches=False), np.array([1, 3])
    found = model.implicit_parts(np.array([0]), np.array([3]), seen)
    assert found is not None and found[0].tolist() == [3]
    assert model.implicit_parts(np.array([0]), None, seen) is None
    known = MODEL.implicit_parts(np.array([0]), None, seen)
    assert known is not None and known[0].tolist() == [1, 3]


@pytest.mark.parametrize(("key", "least"), [("lr_yj", "above 0"), ("reg_yj", "at least 0.0")])
def test_rates_are_above_zero_and_regularisations_not_below(key: str, least: str) -> None:
    good = asdict(svdpp_params())
    for value in (-0.1, 0.0) if "above" in least else (-0.1,):
        with pytest.raises(BadParams, match=rf"svdpp: {key} must be {least.split('.')[0]}"):
            checked(SVDpp, good | {key: value}, "svdpp")
    assert checked(SVDpp, good | {"lr_yj": 0.1, "reg_yj": 0.0}, "svdpp").lr_yj == 0.1
