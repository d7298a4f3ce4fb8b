"""Pruning is counted, and ratings off the scale reach no matrix."""

from dataclasses import replace

import numpy as np
import pytest

from movierec.dataset.assemble import Preprocess, build
from movierec.dataset.scale import Events
from movierec.dataset.shilling import Shilling
from movierec.errors import BadInput
from movierec.times import SECOND
from tests.inputs.viewings import Viewing, day_start, window_of

PARAMS = Preprocess("per_user_time", 0.1, 1, min_users_per_movie=2, min_ratings_per_user=2)
SCALE = Events(1.0, 5.0)


def rated(user: int, *movies: str) -> list[Viewing]:
    return [Viewing(0, 1, user, movie, rating=3) for movie in movies]


def test_ids_with_little_support_are_left_out_and_counted() -> None:
    viewings = rated(1, "a", "b", "typo") + rated(2, "a", "b") + rated(3, "a", "lone", "slip")
    dataset, facts = build(window_of(viewings, 1), PARAMS, SCALE)
    assert dataset.movies.tolist() == [b"a", b"b"]  # typo, lone, slip: one user each
    assert dataset.users.tolist() == [1, 2]  # user 3 is left with one rating
    assert facts["pruned"] == {
        "movies_with_few_users": 3,
        "users_with_few_ratings": 1,
        "train_pairs": 4,
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


@pytest.mark.parametrize(
    ("split", "viewings"),
    [
        ("global_time", [Viewing(0, 60, user, "a", rating=4) for user in range(1, 9)]),
        ("per_user_time", [Viewing(0, user, user, "a", rating=4) for user in range(1, 9)]),
        ("random", [Viewing(0, 60, 1, "a", rating=4)]),
    ],
)
def test_a_split_that_takes_all_ratings_is_named_and_not_the_pruning(
    split: str, viewings: list[Viewing]
) -> None:
    """Of one moment; one a user; one at all, which the hash of seed 0 holds out."""
    params = replace(PARAMS, split=split, validation_share=0.9, seed=0)
    with pytest.raises(BadInput, match=r"takes all \d ratings for validation") as refusal:
        build(window_of(viewings, 1), params, SCALE)
    assert f"preprocess.split {split} with validation_share 0.9" in str(refusal.value)
    assert "pruning" not in str(refusal.value)


def test_a_window_without_a_rating_on_the_scale_is_named() -> None:
    with pytest.raises(BadInput, match="no rating on the scale 1 to 5, which is `events`"):
        build(window_of([Viewing(0, 60, 1, "a", rating=9)], 1), PARAMS, SCALE)


def test_ratings_held_out_are_counted_by_what_became_of_them() -> None:
    """User 1 has nothing left to train on; movie d has nobody left."""
    viewings = [Viewing(0, 100 * n + user, user, movie, rating=3) for user in (2, 3) for n, movie
                in enumerate("abc")]  # fmt: skip
    viewings += [Viewing(0, 900, 1, "a", rating=5), Viewing(0, 901, 2, "d", rating=5)]
    params = replace(PARAMS, split="global_time", validation_share=0.25)
    _, facts = build(window_of(viewings, 1), params, SCALE)
    assert facts["held_out"] == {
        "ratings": 2,
        "of_unknown_users": 1,
        "of_pruned_movies": 1,
        "dropped_share": 1.0,
    }
    assert facts["pruned"]["validation_pairs"] == 2


@pytest.mark.parametrize("split", ["random", "per_user_time", "global_time"])
def test_ratings_off_the_scale_are_as_if_nobody_had_sent_them(split: str) -> None:
    params = replace(PARAMS, split=split, validation_share=0.3, min_ratings_per_user=1)
    good = [
        Viewing(0, 10 * user + n, user, movie, rating=1 + (user + n) % 5)
        for user in range(1, 9)
        for n, movie in enumerate("abcd")
    ]
    off = [
        Viewing(0, 5, 1, "a", rating=7),  # before the good rating of the pair
        Viewing(0, 95, 2, "b", rating=9),  # after it
        Viewing(0, 96, 3, "new", rating=6),  # and of a movie that nothing else names
    ]
    clean, facts = build(window_of(good, 1), params, SCALE)
    mixed, others = build(window_of([*good, *off], 1), params, SCALE)
    assert mixed.users.tolist() == clean.users.tolist()
    assert mixed.movies.tolist() == clean.movies.tolist()
    for part in ("train", "validation", "watched"):
        assert np.array_equal(getattr(mixed, part).toarray(), getattr(clean, part).toarray())
    assert others["train_pairs"] == facts["train_pairs"]
    assert mixed.scale == (1.0, 5.0)


def test_who_only_watches_is_kept_beside_the_matrices() -> None:
    """User 9 watched a movie that stays and one that nobody else knows; user 8 only the latter."""
    viewings = rated(1, "a", "b") + rated(2, "a", "b")
    watched = [Viewing(0, 30, 9, "b"), Viewing(0, 90, 9, "a"), Viewing(0, 99, 9, "lone")]
    plain, _ = build(window_of(viewings, 1), PARAMS, SCALE)
    dataset, facts = build(
        window_of([*viewings, *watched, Viewing(0, 5, 8, "x")], 1), PARAMS, SCALE
    )
    assert [column.tolist() for column in dataset.watchers] == [[9], [0, 2], [0, 1]]
    assert (facts["watchers"], facts["watchers_pairs"]) == (1, 2)
    assert facts["users"] == 2
    for part in ("train", "validation", "watched"):
        assert (getattr(dataset, part).toarray() == getattr(plain, part).toarray()).all()


def test_it_is_known_in_which_hour_movies_were_taken_up() -> None:
    """Each pair once, by its first watch or rating, and without what is held out."""
    hour = 3600
    viewings = [
        Viewing(0, 10, 1, "a"),
        Viewing(0, 3 * hour, 1, "a", rating=4),  # taken up in hour 0
        Viewing(0, 2 * hour, 1, "b", rating=3),
        Viewing(0, 2 * hour + 9, 2, "b", rating=3),
        Viewing(1, 0, 2, "a", rating=3),
        Viewing(1, 5 * hour, 9, "a"),  # a watcher
        Viewing(1, 20 * hour, 1, "c", rating=5),  # held out
    ]
    params = replace(PARAMS, split="global_time", validation_share=0.2, min_users_per_movie=1)
    dataset, _ = build(window_of(viewings, 2), params, SCALE)
    first = day_start(0) // (hour * SECOND)
    hours, movies, users = (column.tolist() for column in dataset.take_ups)
    assert [h - first for h in hours] == [0, 2, 24, 29]
    assert (dataset.movies[movies].tolist(), users) == ([b"a", b"b", b"a", b"a"], [1, 2, 1, 1])


CAREFUL = Shilling(weight=0.25, min_accounts=5, surprise=3.0, by_hand={"3": 0.5})


def test_who_acts_together_weighs_less_in_the_dataset_and_in_its_take_ups() -> None:
    """Forty people rate ten movies 3; a dozen accounts rate one of their own 5 within a minute."""
    viewings = [
        Viewing(0, 60 * user + n, user, f"m{n}", rating=3)
        for user in range(1, 41)
        for n in range(10)
    ]
    crowd = range(100, 112)
    viewings += [Viewing(0, 50_000 + user, user, "target", rating=5) for user in crowd]
    viewings += [Viewing(0, 60 * user, user, "m0", rating=3) for user in crowd]
    params = replace(PARAMS, validation_share=0.01)
    dataset, facts = build(window_of(viewings, 1), params, SCALE, CAREFUL)
    assert dataset.weights is not None
    weighs = dict(zip(dataset.users.tolist(), dataset.weights.tolist(), strict=True))
    assert {user for user, weight in weighs.items() if weight == 0.25} == set(crowd)
    assert weighs[3] == 0.5 and weighs[4] == 1.0
    assert facts["shilling"]["weighed_down"] == 13
    assert facts["shilling"]["findings"][0]["movie"] == "target"
    target = dataset.movies.tolist().index(b"target")
    taken = dataset.take_ups.users[dataset.take_ups.movie == target]
    assert taken.tolist() == [12 * 0.25]
    plain, said = build(window_of(viewings, 1), params, SCALE)
    assert plain.weights is None and "shilling" not in said
    cleared = replace(CAREFUL, by_hand={str(user): 1.0 for user in crowd})
    alike, _ = build(window_of(viewings, 1), params, SCALE, cleared)
    assert alike.weights is None
    for part in ("train", "validation", "watched"):
        assert (getattr(dataset, part) != getattr(plain, part)).nnz == 0
