"""Pruning is counted, and ratings off the scale reach no matrix."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import PARTS, rows_of
from movierec.dataset.scale import Events
from movierec.dataset.shilling import Shilling
from movierec.dataset.split import SPLITS
from movierec.dataset.targets import Finding, Ratings
from movierec.dataset.window import Window
from movierec.errors import BadInput
from movierec.times import SECOND
from tests.inputs.datasets import build
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


def a_day(random: np.random.Generator, day: int, rows: int) -> Aggregate:
    """An aggregate of few users and movies: times that are equal, or of any other day; ratings off
    the scale; pairs that were only watched, or only rated, or rated before."""
    users = np.array([1, 7, 8, 9, 300, 10**17 + 3, 10**17 + 4])
    slugs = np.unique(random.choice(np.array([b"a", b"b+1", b"b+10", b"c", b"d", b"e" * 9]), 5))
    pairs = np.unique(random.integers(0, len(users) * len(slugs), rows))
    n, values = len(pairs), np.array([np.nan, 1, 2.5, 3, 3.7, 5, 7], np.float32)
    rating, minutes = random.choice(values, n), random.choice([0, 0, 1, 64, 99_999], n)
    minutes[np.isnan(rating) & (minutes == 0)] = 1
    start = day_start(day)

    def times(size: int) -> np.ndarray:
        of_day = start + random.integers(0, 3, size) * 40_000 * SECOND
        return np.where(random.random(size) < 0.2, day_start(0) - 9 * SECOND, of_day)

    first = np.where(minutes > 0, times(n), 0)
    last = np.where(minutes > 0, first + random.integers(0, 2, n) * 50_000 * SECOND, 0)
    rated_at = np.where(np.isnan(rating), 0, times(n))
    e = np.flatnonzero(~np.isnan(rating) & (random.random(n) < 0.4))
    return Aggregate(
        slugs,
        users[pairs // len(slugs)],
        (pairs % len(slugs)).astype(np.int32),
        minutes.astype(np.int32),
        first,
        last,
        rating,
        rated_at,
        users[pairs[e] // len(slugs)],
        (pairs[e] % len(slugs)).astype(np.int32),
        random.choice(values[1:], len(e)),
        rated_at[e] - random.integers(0, 2, len(e)) * SECOND,
    )


Pair = tuple[int, int]


def plain(window: Window, params: Preprocess, by_hand: dict[str, float]) -> dict[str, Any]:
    """What `build` gives, by looking at each pair of the whole window."""
    whole = replace(window, events=SCALE)
    [(start, end, ratings, watches)] = whole.blocks(rows=10**9, cell=10**9)
    split = SPLITS[params.split](whole, params.validation_share, params.seed)
    parts: dict[str, dict[Pair, tuple[float, int]]] = {}
    for part in PARTS:
        pairs = getattr(split(start, end, ratings, watches), part)
        columns = (column.tolist() for column in (pairs.u, pairs.i, pairs.value, pairs.time))
        parts[part] = {(u, i): (value, time) for u, i, value, time in zip(*columns, strict=True)}
    train, held, watched = (parts[part] for part in PARTS)
    users_of = Counter(i for _, i in {*train, *watched})
    good = {i for i, n in users_of.items() if n >= params.min_users_per_movie}
    kept = [(u, i) for u, i in train if i in good]
    ratings_of = Counter(u for u, _ in kept)
    kept = [(u, i) for u, i in kept if ratings_of[u] >= params.min_ratings_per_user]
    row = {u: n for n, u in enumerate(sorted({u for u, _ in kept}))}
    column = {i: n for n, i in enumerate(sorted({i for _, i in kept}))}
    inside = {
        part: sorted((row[u], column[i], v) for (u, i), (v, _) in parts[part].items()
                     if u in row and i in column)
        for part in PARTS
    }  # fmt: skip
    weigh = {u: by_hand.get(str(window.users.ids[u]), 1.0) for u in range(end)}
    taken: dict[tuple[int, int], np.float64] = {}
    for u, i in sorted({*(pair for pair in train if pair[0] in row), *watched}):
        if i in column:
            known = [p[u, i][1] for p in (train if u in row else {}, watched) if (u, i) in p]
            key = min(known) // (3600 * SECOND), column[i]
            taken[key] = taken.get(key, np.float64(0)) + np.float32(weigh[u] if u in row else 1)
    return {
        "users": window.users.ids[list(row)].tolist(),
        "movies": window.movies.ids[list(column)].tolist(),
        **inside,
        "times": [train[pair][1] for pair in sorted(kept)],
        "known": [pair in watched for pair in sorted(kept)],
        "watchers": [
            (int(window.users.ids[u]), column[i])
            for u, i in sorted(watched)
            if u not in row and i in column
        ],
        "take_ups": [(*key, float(np.float32(taken[key]))) for key in sorted(taken)],
        "weights": [float(np.float32(weigh[u])) for u in row],
        "held_out": {
            "ratings": len(held),
            "of_unknown_users": sum(u not in row and i in column for u, i in held),
            "of_pruned_movies": sum(i not in column for _, i in held),
        },
        "pruned": {
            "movies_with_few_users": len(window.movies) - len(good),
            "users_with_few_ratings": end - len(row),
            **{f"{part}_pairs": len(parts[part]) - len(inside[part]) for part in PARTS},
        },
    }


BY_HAND = {"1": 0.3, "7": 1e-6, "9": 0.02, str(10**17 + 3): 0.7}


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["random", "per_user_time", "global_time"]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 30),
)
def test_blocks_of_users_written_as_they_come_are_what_a_look_at_each_pair_gives(
    seed: int, split: str, min_users: int, min_ratings: int, rows: int
) -> None:
    random = np.random.default_rng(seed)
    window = Window.of([a_day(random, day, random.integers(1, 25)) for day in range(3)])
    params = Preprocess(split, 0.3, seed % 7, min_users, min_ratings)
    expected = plain(window, params, BY_HAND)
    asked: list[Ratings] = []

    def look(ratings: Ratings, *_: object) -> list[Finding]:
        asked.append(Ratings(*(column.copy() for column in ratings)))
        return []

    with pytest.MonkeyPatch.context() as patch:
        whole = Window.blocks
        patch.setattr(Window, "blocks", lambda self: whole(self, rows, cell=1 + seed % 2))
        patch.setattr("movierec.dataset.assemble.find", look)
        if not expected["users"]:
            with pytest.raises(BadInput):
                build(window, params, SCALE)
            return
        dataset, facts = build(window, params, SCALE, replace(CAREFUL, by_hand=BY_HAND))
    found = {"users": dataset.users.tolist(), "movies": dataset.movies.tolist()}
    for part in PARTS:
        matrix = getattr(dataset, part)
        columns = rows_of(matrix), matrix.indices, matrix.data
        found[part] = list(zip(*(column.tolist() for column in columns), strict=True))
    [ratings] = asked
    known = zip(ratings.u.tolist(), ratings.i.tolist(), ratings.rating.tolist(), strict=True)
    assert list(known) == found["train"]
    found |= {"times": ratings.time.tolist(), "known": ratings.watched.tolist()}
    watchers = dataset.watchers
    of_watcher = np.repeat(watchers.users, np.diff(watchers.indptr)).tolist()
    found["watchers"] = list(zip(of_watcher, watchers.indices.tolist(), strict=True))
    found["take_ups"] = list(zip(*(c.tolist() for c in dataset.take_ups), strict=True))
    weights = np.ones(len(dataset.users)) if dataset.weights is None else dataset.weights
    found["weights"] = weights.tolist()
    found["pruned"] = facts["pruned"]
    held = facts["held_out"]
    dropped = held.pop("dropped_share")
    assert dropped == (None if not held["ratings"] else (
        (held["of_unknown_users"] + held["of_pruned_movies"]) / held["ratings"]))  # fmt: skip
    found["held_out"] = held
    assert found == expected
    assert facts["watchers_pairs"] == len(found["watchers"])
    assert (facts["users"], facts["movies"]) == dataset.train.shape
    assert [facts[f"{part}_pairs"] for part in PARTS] == [len(found[part]) for part in PARTS]
