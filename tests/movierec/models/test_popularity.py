"""Movies by how many took them up, in all and of late."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.matrix import Dataset, TakeUps, Watchers, csr
from movierec.models.popularity import (
    FEW,
    decayed,
    popularity,
    popularity_order,
    trend,
    weighed_popularity,
)
from tests.inputs.ratings import dataset_of, random_ratings

TRAIN, WATCHED = random_ratings(8, 5, 0.3), random_ratings(8, 5, 0.3, seed=1)


@given(st.lists(st.integers(0, 4), max_size=40))
def test_the_order_is_by_count_then_by_index(counts: list[int]) -> None:
    order = popularity_order(np.array(counts, np.int64))
    assert order.tolist() == sorted(range(len(counts)), key=lambda i: (-counts[i], i))
    assert order.dtype == np.int32


def test_counts_without_a_sign_are_ordered_too() -> None:
    assert popularity_order(np.array([0, 2, 1], np.uint32)).tolist() == [1, 2, 0]


def test_each_user_counts_once_and_who_only_watches_counts_too() -> None:
    either = ((TRAIN.toarray() != 0) | (WATCHED.toarray() != 0)).sum(axis=0)
    assert popularity(dataset_of(TRAIN, watched=WATCHED)).tolist() == either.tolist()
    watchers = Watchers(np.array([2, 5]), np.array([0, 2, 3]), np.array([0, 4, 4], np.int32))
    dataset = dataset_of(TRAIN, watched=WATCHED, watchers=watchers)
    assert popularity(dataset).tolist() == (either + np.array([1, 0, 0, 0, 2])).tolist()


def test_what_lists_go_by_counts_a_suspect_for_less() -> None:
    weights = np.ones(8, np.float32)
    weights[3] = 0.25
    watchers = Watchers(np.array([2]), np.array([0, 1]), np.array([0], np.int32))
    dataset = dataset_of(TRAIN, watched=WATCHED, watchers=watchers)
    assert weighed_popularity(dataset).tolist() == popularity(dataset).tolist()
    either = (TRAIN.toarray() != 0) | (WATCHED.toarray() != 0)
    expected = either.T @ weights + np.array([1, 0, 0, 0, 0])
    assert either[3].any()
    assert weighed_popularity(replace(dataset, weights=weights)).tolist() == expected.tolist()


def take_ups(*rows: tuple[int, int, int]) -> TakeUps:
    hour, movie, users = zip(*rows, strict=True)
    return TakeUps(np.array(hour, np.int32), np.array(movie, np.int32), np.array(users, np.float32))


def test_a_day_of_age_counts_one_e_th() -> None:
    """To the width of an hour: 24 hours at (1 + 1/24)^-1 each."""
    counts = decayed(take_ups((100, 0, 3), (124, 1, 1), (124, 2, 2)), 4, days=1.0)
    assert counts == pytest.approx([3 * (1 + 1 / 24) ** -24, 1, 2, 0])
    assert counts[0] == pytest.approx(3 / np.e, rel=0.03)
    weeks = decayed(take_ups((0, 0, 1), (168, 1, 1)), 2, days=7.0)
    assert weeks[0] == pytest.approx(1 / np.e, rel=0.003)


def watched_at(*hours: int) -> Dataset:
    """One user a movie, the movies taken up at these hours."""
    each = np.arange(len(hours))
    train = csr(each, each, np.full(len(hours), 4.0), (len(hours), len(hours)))
    rows = [(hour, movie, 1) for movie, hour in sorted(enumerate(hours), key=lambda x: x[1])]
    return replace(dataset_of(train), take_ups=take_ups(*rows))


def test_what_is_taken_up_of_late_is_above_one_and_what_was_is_below() -> None:
    rising = trend(watched_at(0, 240, 480), 3.0)
    assert rising[0] < rising[1] < 1 < rising[2]
    assert trend(watched_at(7, 7, 7), 3.0) == pytest.approx([1.0] * 3)


def test_of_a_movie_that_nobody_took_up_it_says_nothing() -> None:
    known = csr(np.arange(2), np.arange(2), np.full(2, 4.0), (2, 3))
    nobody = replace(dataset_of(known), take_ups=take_ups((0, 0, 1), (480, 1, 1)))
    assert trend(nobody, 3.0)[2] == 1.0
    assert trend(nobody, 1e-3)[0] == pytest.approx(FEW / (0.5 + FEW))


def test_no_days_or_no_take_ups_are_no_trend() -> None:
    assert trend(watched_at(0, 240), 0.0).tolist() == [1.0, 1.0]
    assert trend(dataset_of(TRAIN), 7.0).tolist() == [1.0] * 5
