"""An evaluation says when lists by rating alone are better, and how to have them."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from movierec.evaluation.advice import advice
from movierec.evaluation.validation import Validation

USERS, WANTED = 20, 4
NONE: Any = np.empty(0)
PART = Validation(
    NONE,
    NONE,
    NONE,
    np.arange(USERS),
    np.arange(USERS),
    sparse.csr_array(np.tile([1.0] * WANTED + [0.0], (USERS, 1))),
)
"""Each user wants the movies 0 to 3 of five."""


def lists(held: list[int]) -> Any:
    """One list a user, with so many of the wanted movies."""
    rows = np.full((len(held), WANTED), -1, np.int32)
    for row, n in zip(rows, held, strict=True):
        row[:n] = np.arange(n)
    return rows


def said(alone: list[int], both: list[int]) -> str | None:
    return advice({"model": lists(both), "rating_alone": lists(alone)}, PART)


def test_where_rating_alone_recalls_more_the_remedy_is_named() -> None:
    text = said([3, 4] * 10, [2] * USERS)
    assert text is not None
    assert "by rating alone recall 0.8750, more than the 0.5000 of uptake × liking" in text
    assert "train.uptake.n_factors: 0" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "alone",
    [[2] * USERS, [1] * USERS, [4] + [1] * 2 + [2] * 17, [3] * 5 + [1] * 2 + [2] * 13],
    ids=["as much", "less", "for one user alone", "by chance, as it may be"],
)
def test_nothing_is_said_where_that_is_not_certain(alone: list[int]) -> None:
    assert said(alone, [2] * USERS) is None


def test_nothing_is_said_of_a_model_that_ranks_so_already_nor_of_too_few_users() -> None:
    assert advice({"model": lists([2] * USERS)}, PART) is None
    row = sparse.csr_array(PART.relevant.toarray()[:1])
    one = Validation(NONE, NONE, NONE, np.arange(1), np.arange(1), row)
    assert advice({"model": lists([1]), "rating_alone": lists([4])}, one) is None
