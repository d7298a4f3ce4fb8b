"""The part that judges: lists, and who is judged by them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from movierec.dataset.matrix import Dataset
from movierec.evaluation.validation import Evaluate, Validation, ranking_of, sample, top_lists

PARAMS = Evaluate(k=3, ranked_users=1000, relevant_rating=4.0, bootstrap_samples=1, seed=0)


def dataset() -> Dataset:
    """Three users and four movies; user 1 has nothing in the validation part."""
    train = np.array([[5, 0, 0, 0], [0, 3, 0, 0], [0, 2, 0, 0]], np.float32)
    validation = np.array([[0, 5, 2, 0], [0, 0, 0, 0], [0, 0, 0, 3]], np.float32)
    watched = np.array([[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], np.float32)
    ratings, held, minutes = (sparse.csr_array(part) for part in (train, validation, watched))
    movies = np.array([b"a", b"b", b"c", b"d"])
    return Dataset(np.arange(3), movies, ratings, held, minutes, (1.0, 5.0))


def test_a_short_list_is_filled_with_no_movie() -> None:
    lists = top_lists([np.array([2]), np.array([], int), np.array([3, 0])], 3, 2)
    assert lists.tolist() == [[2, -1], [-1, -1], [3, 0]]


def test_users_are_judged_by_what_they_liked_in_the_validation_part() -> None:
    part = Validation.of(dataset(), PARAMS)
    assert part.users.tolist() == [0, 2]
    assert part.relevant.toarray().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert list(zip(part.u, part.i, part.rating, strict=True)) == [(0, 1, 5), (0, 2, 2), (2, 3, 3)]


def test_fillers_are_no_movies_and_count_for_nothing() -> None:
    data = dataset()
    part = Validation.of(data, PARAMS)
    lists = top_lists([np.array([2]), np.array([3])], 2, 3)
    counts = np.array([1, 2, 1, 4])
    measured = ranking_of(lists, part, data.train[part.users], counts)
    assert measured == {
        "recall": 0.0,
        "ndcg": 0.0,
        "coverage": 0.5,
        "lift": pytest.approx((1 + 4) / 2 / ((1 + 2) / 2) - 1),
    }


def test_without_a_relevant_movie_recall_and_ndcg_are_not_made_up() -> None:
    data = dataset()
    part = Validation.of(data, replace(PARAMS, relevant_rating=6.0))
    lists = top_lists([np.array([2]), np.array([3])], 2, 3)
    measured = ranking_of(lists, part, data.train[part.users], np.ones(4, int))
    assert set(measured) == {"coverage", "lift"}


def test_lists_are_judged_of_a_sample_and_errors_of_everybody() -> None:
    part = Validation.of(dataset(), replace(PARAMS, ranked_users=1))
    assert part.raters.tolist() == [0, 2] and len(part.rating) == 3
    assert len(part.users) == 1 and part.relevant.shape == (1, 4)
    whole = Validation.of(dataset(), PARAMS)
    assert part.relevant.toarray()[0].tolist() == (
        whole.relevant.toarray()[whole.users.tolist().index(part.users[0])].tolist()
    )


def test_who_is_of_the_sample_stays_of_it_when_others_come() -> None:
    ids = np.random.default_rng(1).permutation(10**6)[:1000]
    before = np.sort(ids)
    after = np.sort(np.append(ids, 10**6 + np.arange(1000)))
    small = {int(before[row]) for row in sample(np.arange(1000), before, 100)}
    large = {int(after[row]) for row in sample(np.arange(2000), after, 100)}
    assert len(small) == len(large) == 100
    assert {one for one in large if one < 10**6} <= small
    rows = sample(np.arange(1000), before, 100)
    assert (np.diff(rows) > 0).all()
