"""Scores become lists: best first, ties by index, seen movies left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.models.popularity import popularity_order
from movierec.models.topn import popular, recommend

SCORES = st.lists(st.integers(-3, 3), min_size=1, max_size=30)


@given(SCORES, st.sets(st.integers(0, 29)), st.integers(0, 35))
def test_the_list_is_a_sort_of_what_is_unseen(scores: list[int], seen: set[int], k: int) -> None:
    seen = {i for i in seen if i < len(scores)}
    wanted = sorted(set(range(len(scores))) - seen, key=lambda i: (-scores[i], i))[:k]
    marked = np.array(sorted(seen), np.int64)
    assert recommend(np.array(scores, np.float32), marked, k).tolist() == wanted
    order = popularity_order(np.array(scores))
    assert popular(order, marked, k).tolist() == wanted


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="1 scores are not finite"):
        recommend(np.array([1.0, bad]), np.array([1]), 1)


def test_the_scores_given_stay_as_they_are() -> None:
    scores = np.array([1.0, 2.0])
    recommend(scores, np.array([1]), 1)
    assert scores.tolist() == [1.0, 2.0]
