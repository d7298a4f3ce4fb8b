"""An answer's figures: what they are, and that they add up to the score."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.models.kernels import svd, svdpp
from movierec.models.modelfile import LoadedModel
from movierec.models.uptake import FEW
from serve.service.reasons import TOP, figures, numbers, predicted
from serve.service.recommender import Answer, History, Recommender
from tests.inputs.models import SmallLoaded, SmallModel
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import HYPER, fitted, rows_of

USERS, MOVIES = 30, 2 * FEW
TRAIN = random_ratings(USERS, MOVIES, 0.3)
N = TRAIN.indptr.astype(np.int64), TRAIN.indices
NEW, WATCHER = 999, 500
NONE = np.empty(0, np.int64)
TRENDS = np.linspace(0.5, 2.0, MOVIES)


def loaded(model: Any, dtype: str, uptake: bool = True) -> LoadedModel:
    head = fitted(N, MOVIES, replace(HYPER, floor=0.2), dtype)
    return SmallLoaded(
        model=model,
        users=np.arange(USERS),
        movies=np.array([b"m%02d" % i for i in range(MOVIES)]),
        popular=np.arange(MOVIES),
        seen_indptr=N[0],
        seen_indices=N[1],
        watchers=np.array([WATCHER]),
        uptake=replace(head, trend=TRENDS.astype(dtype)) if uptake else None,
    )


def by(kind: Any, hyper: Any, dtype: str, uptake: bool = True, **more: Any) -> Recommender:
    return Recommender(
        loaded(kind.fit(TRAIN, hyper, scale=SCALE, dtype=dtype, **more), dtype, uptake)
    )


PLUS = {
    dtype: by(svdpp, svdpp_params(n_factors=5, n_epochs=4), dtype, watched=TRAIN)
    for dtype in ("float32", "float64")
}
PLAIN = by(svd, svd_params(n_factors=5, n_epochs=4), "float64")


def total(part: dict[str, Any]) -> float:
    return sum(reason["weight"] for reason in part["from"]) + part["others"]


def told(by: Recommender, user: int, history: History | None = None) -> tuple[Answer, Any]:
    given = by.answer(user, history)
    return given, figures(by, given)


@st.composite
def questions(draw: st.DrawFn) -> tuple[int, History | None]:
    """Somebody with a row, a watcher or a stranger; with a history or without."""
    movies = st.lists(st.integers(0, MOVIES - 1), unique=True, max_size=MOVIES // 2)
    rated, watched = draw(movies), draw(movies)
    ratings = [draw(st.sampled_from([1.0, 3.5, 5.0])) for _ in rated]
    history = History(
        *(np.array(p, t) for p, t in ((rated, int), (ratings, float), (watched, int)))
    )
    user = draw(st.sampled_from([0, 11, USERS - 1, WATCHER, NEW]))
    return user, history if rated or watched else None


@settings(max_examples=60, deadline=None)
@given(questions(), st.sampled_from(["float32", "float64"]))
def test_the_parts_add_up_to_the_score(question: tuple[int, History | None], dtype: str) -> None:
    recommender = PLUS[dtype]
    near = 1e-8 if dtype == "float64" else 1e-6
    given, body = told(recommender, *question)
    if given.judged is None:
        assert set(body.values()) == {None}
        return
    for score, why in zip(body["scores"], body["because"], strict=True):
        uptake = why["uptake"]
        assert total(uptake) == pytest.approx(uptake["value"], abs=near)
        made = (max(0.0, total(uptake)) + why["floor"]) * why["trend"] * why["liking"]
        assert made == pytest.approx(score, abs=2 * near)  # a trend of at most 2


@settings(max_examples=60, deadline=None)
@given(questions())
def test_what_svdpp_has_from_movies_taken_up_adds_up_to_its_share_of_the_rating(
    question: tuple[int, History | None],
) -> None:
    recommender = PLUS["float64"]
    given, body = told(recommender, *question)
    if given.judged is None or given.drawn is None:
        return
    model: Any = recommender.model.model
    q = model.movie_factors[:, given.best].T
    S = (
        model.user_implicit[question[0]]
        if given.drawn.rated is None
        else model.implicit(given.drawn.rated, given.drawn.watched)
    )
    parts = [why["implicit"] for why in body["because"]]
    assert [total(part) for part in parts] == pytest.approx(q @ S, abs=1e-8)
    assert [part["value"] for part in parts] == pytest.approx(q @ S, abs=1e-8)


def test_the_movies_that_weigh_most_are_named_in_order() -> None:
    given, body = told(PLUS["float64"], 3)
    mine = rows_of(N)[3]
    uptake = PLUS["float64"].ranker.uptake
    assert uptake is not None
    weights = uptake.contributions(mine, given.best)
    for row, why in zip(weights, body["because"], strict=True):
        first = np.argsort(-row)[:TOP]
        assert [r["id"] for r in why["uptake"]["from"]] == [f"m{i:02d}" for i in mine[first]]
        assert [r["weight"] for r in why["uptake"]["from"]] == pytest.approx(row[first], rel=1e-8)


def test_who_has_fewer_movies_has_fewer_reasons() -> None:
    _, body = told(PLUS["float64"], NEW, History(NONE, np.empty(0), np.array([4])))
    for why in body["because"]:
        for part in (why["uptake"], why["implicit"]):
            assert [reason["id"] for reason in part["from"]] == ["m04"]
            assert part["others"] == 0


def test_ratings_are_those_that_are_predicted() -> None:
    for recommender in (PLAIN, PLUS["float64"]):
        given, body = told(recommender, 3)
        u = np.full(len(given.best), 3)
        predicted = recommender.model.model.predict(u, given.best)
        assert body["ratings"] == pytest.approx(predicted, rel=1e-8)


def test_scores_are_what_ids_are_ranked_by() -> None:
    given, body = told(PLAIN, 3)
    assert given.judged is not None
    assert body["scores"] == pytest.approx(given.judged.score[given.best], rel=1e-8)
    assert body["scores"] == sorted(body["scores"], reverse=True)
    assert all(why["implicit"] is None for why in body["because"])


def test_without_uptake_scores_are_ratings_and_reasons_what_svdpp_has() -> None:
    plus = by(svdpp, svdpp_params(n_factors=5, n_epochs=4), "float64", uptake=False, watched=TRAIN)
    _, body = told(plus, 3)
    assert np.clip(body["scores"], *SCALE).tolist() == body["ratings"]
    assert all(why["uptake"] is None and why["implicit"] for why in body["because"])
    _, body = told(by(svd, svd_params(n_factors=5, n_epochs=2), "float64", uptake=False), 3)
    assert body["because"] is None and body["scores"]


def test_where_a_row_does_not_tell_what_it_rated_that_part_is_not_given() -> None:
    rated = by(svdpp, svdpp_params(n_factors=5, n_epochs=2), "float64")
    _, body = told(rated, 3)
    assert all(why["uptake"] and why["implicit"] is None for why in body["because"])


def test_the_popular_tier_has_no_figures() -> None:
    given, body = told(PLAIN, NEW)
    assert given.tier == "popular"
    assert body == {"scores": None, "ratings": None, "because": None}


def test_a_float32_is_told_in_full() -> None:
    values = np.random.default_rng(0).random(100).astype("f4")
    assert np.array(numbers(values), "f4").tolist() == values.tolist()
    assert numbers([1 / 3]) == [0.333333333]


def test_predicted_ratings_are_kept_inside_the_scale() -> None:
    recommender = Recommender(SmallLoaded(SmallModel(scale=(0.5, 1.0))))
    given = recommender.answer(4)
    assert given.judged is not None
    estimate = given.judged.estimate[given.best]
    assert estimate.min() < 0.5 and estimate.max() > 1.0
    assert predicted(recommender, given) == np.clip(estimate, 0.5, 1.0).tolist()
