"""The train/validation split: what it holds, and that nothing after the cut leaks."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import Dataset, rows_of
from movierec.dataset.scale import Events
from movierec.dataset.split import PairHash, nth
from movierec.dataset.vocabulary import Vocabulary
from movierec.dataset.window import Window
from movierec.errors import BadInput
from tests.inputs.datasets import build
from tests.inputs.viewings import Viewing, window_of

SCALE = Events(1.0, 5.0)
PARAMS = Preprocess("random", 0.3, 42, min_users_per_movie=1, min_ratings_per_user=1)
DAYS = 3
MOVIES = ["a", "b", "c", "d"]
VIEWINGS = st.lists(
    st.builds(
        Viewing,
        day=st.integers(0, DAYS - 1),
        second=st.integers(1, 5),
        user=st.integers(1, 5),
        movie=st.sampled_from(MOVIES),
        minute=st.integers(0, 2),
        rating=st.integers(0, 5),
    ),
    min_size=4,
    max_size=40,
)
Pair = tuple[int, str]


def entries(dataset: Dataset, matrix: sparse.csr_array) -> dict[Pair, float]:
    rows = rows_of(matrix)
    return {
        (int(dataset.users[u]), dataset.movies[i].decode()): float(value)
        for u, i, value in zip(rows, matrix.indices, matrix.data, strict=True)
    }


def last_ratings(viewings: list[Viewing]) -> dict[Pair, Viewing]:
    """Of each pair the last rating by time, then by place in the log (days in order)."""
    rated = sorted((v for v in viewings if v.rating), key=lambda v: v.time)
    return {(v.user, v.movie): v for v in rated}


def minutes_before(viewings: list[Viewing], cut: Callable[[int], float]) -> dict[Pair, int]:
    """Minutes watched before each user's cut; one is certain of a day that the cut divides."""
    total: dict[Pair, int] = {}
    for user, movie, day in {(v.user, v.movie, v.day) for v in viewings if not v.rating}:
        of_day = [
            v for v in viewings if not v.rating and (v.user, v.movie, v.day) == (user, movie, day)
        ]
        before = [v for v in of_day if v.time < cut(user)]
        if before:
            whole = len(before) == len(of_day)
            minutes = len({v.minute for v in of_day}) if whole else 1
            total[user, movie] = total.get((user, movie), 0) + minutes
    return total


def global_cut(viewings: list[Viewing], share: float) -> Callable[[int], float]:
    """`share` of the ratings (each day's last of a pair) are at or after it."""
    days = [last_ratings([v for v in viewings if v.day == day]) for day in range(DAYS)]
    times = sorted(v.time for day in days for v in day.values())
    return lambda user: times[len(times) - ceil(share * len(times))]


def user_cut(viewings: list[Viewing], share: float) -> Callable[[int], float]:
    """The user's last ratings, `share` of them rounded."""

    def cut(user: int) -> float:
        times = sorted(v.time for (u, _), v in last_ratings(viewings).items() if u == user)
        held = floor(share * len(times) + 0.5)
        return times[len(times) - held] if held else float("inf")

    return cut


@pytest.mark.parametrize(
    ("split", "cut_of"), [("global_time", global_cut), ("per_user_time", user_cut)]
)
@given(VIEWINGS, st.sampled_from([0.2, 0.3, 0.5]))
def test_training_is_what_a_loop_over_the_events_before_the_cut_gives(
    split: str, cut_of: Any, viewings: list[Viewing], share: float
) -> None:
    assume(all(any(v.day == day for v in viewings) for day in range(DAYS)))
    assume(last_ratings(viewings))
    viewings = sorted(viewings, key=lambda v: v.day)
    cut = cut_of(viewings, share)
    before = [v for v in viewings if v.time < cut(v.user)]
    train = {pair: v.rating for pair, v in last_ratings(before).items()}
    params = replace(PARAMS, split=split, validation_share=share)
    if not train:
        with pytest.raises(BadInput, match=f"preprocess.split {split} .* no training ratings"):
            build(window_of(viewings, DAYS), params, SCALE)
        return
    dataset, facts = build(window_of(viewings, DAYS), params, SCALE)
    users, movies = {u for u, _ in train}, {m for _, m in train}
    # The vocabulary: ids that are only seen after the cut are not in it.
    assert set(dataset.users.tolist()) == users
    assert {m.decode() for m in dataset.movies} == movies
    assert entries(dataset, dataset.train) == train
    inside = {
        pair: minutes
        for pair, minutes in minutes_before(viewings, cut).items()
        if pair[0] in users and pair[1] in movies
    }
    assert entries(dataset, dataset.watched) == inside
    later = {p: v for p, v in last_ratings(viewings).items() if v.time >= cut(v.user)}
    assert entries(dataset, dataset.validation) == {
        pair: v.rating
        for pair, v in later.items()
        if pair not in train and pair[0] in users and pair[1] in movies
    }
    assert facts["train_pairs"] == len(train)


@given(VIEWINGS)
def test_the_random_split_divides_the_last_ratings(viewings: list[Viewing]) -> None:
    assume(all(any(v.day == day for v in viewings) for day in range(DAYS)))
    viewings = sorted(viewings, key=lambda v: v.day)
    try:
        dataset, facts = build(window_of(viewings, DAYS), PARAMS, SCALE)
    except BadInput:
        return  # no rating fell on the training side
    train, validation = (entries(dataset, m) for m in (dataset.train, dataset.validation))
    watched = entries(dataset, dataset.watched)
    assert not set(train) & set(validation)
    assert not set(watched) & set(validation), "a watch would give the rating away"
    known = {pair: v.rating for pair, v in last_ratings(viewings).items()}
    assert {**train, **validation}.items() <= known.items()
    lost = facts["pruned"]["train_pairs"] + facts["pruned"]["validation_pairs"]
    assert len(train) + len(validation) + lost == len(known)


def many(days: int) -> list[Viewing]:
    rng = np.random.default_rng(5)
    return [
        Viewing(day, 1 + n, int(rng.integers(1, 40)), f"m{rng.integers(30)}", rating=1 + n % 5)
        for day in range(days)
        for n in range(300)
    ]


def test_a_pair_stays_on_its_side_when_days_are_added() -> None:
    fewer, more = (build(window_of(many(days), days), PARAMS, SCALE)[0] for days in (2, 3))
    before, after = (entries(d, d.validation) for d in (fewer, more))
    assert set(before) <= set(after)
    assert not set(before) & set(entries(more, more.train))


def test_the_random_split_holds_about_its_share_and_another_seed_another_part() -> None:
    window = window_of(many(3), 3)
    one, other = (build(window, replace(PARAMS, seed=seed), SCALE)[0] for seed in (1, 2))
    total = one.train.nnz + one.validation.nnz
    assert 0.25 < one.validation.nnz / total < 0.35
    assert set(entries(one, one.validation)) != set(entries(other, other.validation))
    again = build(window, replace(PARAMS, seed=1), SCALE)[0]
    assert entries(one, one.validation) == entries(again, again.validation)


def test_which_pairs_validate_is_the_same_for_ever() -> None:
    """Another hash would judge a model by ratings that an earlier one has learned."""
    users = Vocabulary(np.array([1, 2, 900_719_925_474]))
    movies = Vocabulary(np.array([b"a", b"up+2009", b"zodiac+2007"]))
    u, i = np.repeat(np.arange(3, dtype=np.int32), 3), np.tile(np.arange(3, dtype=np.int32), 3)
    sides = {
        seed: PairHash(users, movies, seed, 0.5).from_user(0)(u, i).astype(int).tolist()
        for seed in (1, 42)
    }
    assert sides == {1: [1, 0, 1, 0, 1, 1, 1, 0, 1], 42: [0, 1, 1, 1, 0, 1, 0, 0, 1]}
    of_others = PairHash(users, movies, 42, 0.5).from_user(1)(u[:6], i[:6])
    assert of_others.astype(int).tolist() == sides[42][3:]


def test_blocks_of_users_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    window, whole_blocks = window_of(many(3), 3), Window.blocks
    for split in ("random", "global_time", "per_user_time"):
        params = replace(PARAMS, split=split)
        whole = build(window, params, SCALE)[0]
        with monkeypatch.context() as patch:
            patch.setattr(Window, "blocks", lambda self: whole_blocks(self, rows=7, cell=1))
            parts = build(window, params, SCALE)[0]
        for part in ("train", "validation", "watched"):
            assert entries(whole, getattr(whole, part)) == entries(parts, getattr(parts, part))


@given(
    st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4), max_size=3),
    st.integers(0, 10**6),
)
def test_the_nth_of_all_times_is_found_without_holding_them(parts: list[list[int]], n: int) -> None:
    """Of times that agree in some of their digits, too."""
    alike = [[time >> 20 << 20, time ^ 1, time] for part in parts for time in part]
    columns = [np.array([7], np.int64), *(np.array(part, np.int64) for part in parts)]
    columns.append(np.array(alike, np.int64).reshape(-1))
    everything = np.sort(np.concatenate(columns))
    n %= len(everything)
    assert nth(lambda: columns, n) == everything[n]
