"""Pruning is counted, and ratings off the scale are refused."""

from dataclasses import replace

import pytest

from movierec.dataset.assemble import Events, Preprocess, build
from movierec.errors import BadInput
from tests.inputs.viewings import Viewing, window_of

PARAMS = Preprocess("per_user_time", 0.1, 1, min_users_per_movie=2, min_ratings_per_user=2)
SCALE = Events(1.0, 5.0)


def rated(user: int, *movies: str) -> list[Viewing]:
    return [Viewing(0, 1, user, movie, rating=3) for movie in movies]


def test_ids_with_little_support_are_left_out_and_counted() -> None:
    viewings = rated(1, "a", "b", "typo") + rated(2, "a", "b") + rated(3, "a", "lone")
    dataset, facts = build(window_of(viewings, 1), PARAMS, SCALE)
    assert dataset.movies.tolist() == [b"a", b"b"]  # typo, lone: one user each
    assert dataset.users.tolist() == [1, 2]  # user 3 is left with one rating
    assert facts["pruned"] == {
        "movies_with_few_users": 2,
        "users_with_few_ratings": 1,
        "train_pairs": 3,
        "validation_pairs": 0,
        "watched_pairs": 0,
    }
    assert facts["train_pairs"] == 4


def test_a_watch_supports_a_movie_too() -> None:
    viewings = rated(1, "a", "b") + rated(2, "a", "b") + [*rated(1, "c"), Viewing(0, 1, 2, "c")]
    dataset, facts = build(window_of(viewings, 1), PARAMS, SCALE)
    assert b"c" in dataset.movies.tolist()
    assert facts["watched_pairs"] == 1


def test_nothing_left_after_pruning_says_what_to_do() -> None:
    with pytest.raises(BadInput, match=r"none of 2 training ratings is left.*min_users_per_movie"):
        build(window_of(rated(1, "a", "b"), 1), PARAMS, SCALE)


def test_a_rating_off_the_scale_is_refused() -> None:
    viewings = rated(1, "a") + rated(2, "a")
    with pytest.raises(BadInput, match="ratings from 3 to 3 do not fit the scale 4 to 5"):
        build(window_of(viewings, 1), replace(PARAMS, min_ratings_per_user=1), Events(4.0, 5.0))
