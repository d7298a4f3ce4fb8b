"""The part that judges: lists, and who is judged by them."""

import numpy as np
import pytest
from scipy import sparse

from movierec.dataset.matrix import Dataset
from movierec.evaluation.validation import Validation, ranking_of, top_lists


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
    part = Validation.of(dataset(), 4.0)
    assert part.users.tolist() == [0, 2]
    assert part.relevant.toarray().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert list(zip(part.u, part.i, part.rating, strict=True)) == [(0, 1, 5), (0, 2, 2), (2, 3, 3)]


def test_fillers_are_no_movies_and_count_for_nothing() -> None:
    data = dataset()
    part = Validation.of(data, 4.0)
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
    part = Validation.of(data, 6.0)
    lists = top_lists([np.array([2]), np.array([3])], 2, 3)
    measured = ranking_of(lists, part, data.train[part.users], np.ones(4, int))
    assert set(measured) == {"coverage", "lift"}
