"""Marks rise with what is odd, and with how often."""

import numpy as np

from movierec.dataset.marks import more, odd
from movierec.dataset.targets import Ratings


def test_marks_rise_with_what_is_rare_and_never_watched() -> None:
    """Six users who rate the popular movies, one who rates what nobody else does."""
    u = np.r_[np.repeat(np.arange(6), 4), np.full(9, 6)]
    i = np.r_[np.tile(np.arange(4), 6), np.arange(4, 13)]
    ratings = Ratings(u, i, np.full(33, 3.0), u, (u < 6) | (i == 4))
    marks = dict(odd(ratings, (7, 13)))
    assert marks.keys() == {"choice", "rare", "unwatched"}
    for mark in marks.values():
        assert mark.argmax() == 6 and np.ptp(mark[:6]) == 0
    for nobody in (np.zeros(33, bool), np.ones(33, bool), u < 3):  # watching is no custom there
        assert dict(odd(ratings._replace(watched=nobody), (7, 13))).keys() == {"choice", "rare"}


def test_more_of_few_is_less_odd_than_more_of_many() -> None:
    u = np.repeat(np.arange(3), [2, 40, 200])
    which = np.isin(np.arange(len(u)), [*range(2), *range(2, 42)])
    two, forty, none = more(which.__getitem__, u, 3)
    assert none < 0 < two < forty
