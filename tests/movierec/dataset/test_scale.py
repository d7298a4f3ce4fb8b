"""What lies off the scale is counted, and leaves the day."""

import numpy as np
import pytest

from movierec.dataset.scale import Events, count_off_scale, count_ratings, on_scale
from movierec.errors import BadParams
from tests.inputs.viewings import Viewing, aggregate_of

SCALE = Events(1.0, 5.0)


def test_a_day_on_the_scale_stays_the_same_object() -> None:
    day = aggregate_of([Viewing(0, 1, 1, "a", rating=1), Viewing(0, 2, 2, "a", rating=5)], 0)
    assert on_scale(day, SCALE) is day
    assert (count_ratings([day]), count_off_scale([day], SCALE)) == (2, 0)


def test_ratings_off_the_scale_go_and_watches_of_the_pair_stay() -> None:
    viewings = [
        Viewing(0, 1, 1, "a", minute=3),
        Viewing(0, 2, 1, "a", rating=4),
        Viewing(0, 3, 1, "a", rating=8),
        Viewing(0, 4, 1, "b", rating=9),
        Viewing(0, 5, 1, "b", rating=2),
    ]
    day = aggregate_of(viewings, 0)
    assert (count_ratings([day, day]), count_off_scale([day, day], SCALE)) == (8, 4)
    clean = on_scale(day, SCALE)
    assert (count_ratings([clean]), count_off_scale([clean], SCALE)) == (2, 0)
    assert np.isnan(clean.rating[0]) and clean.rated_at[0] == 0 and clean.minutes[0] == 1
    assert clean.rating[1] == 2
    assert clean.earlier_rating.tolist() == [4]
    assert clean.earlier_rated_at.tolist() == [viewings[1].time]
    assert (clean.earlier_user.tolist(), clean.earlier_movie.tolist()) == ([1], [0])
    assert clean.rating.dtype == day.rating.dtype and clean.rated_at.dtype == day.rated_at.dtype


def test_an_earlier_rating_alone_can_be_off() -> None:
    day = aggregate_of([Viewing(0, 1, 1, "a", rating=9), Viewing(0, 2, 1, "a", rating=4)], 0)
    assert on_scale(day, SCALE).earlier_rating.tolist() == []


def test_an_end_that_float32_cannot_hold_is_on_the_scale() -> None:
    ends = np.array([0.1, 9.9, 9.91], np.float32)
    assert Events(0.1, 9.9).off(ends).tolist() == [False, False, True]
    assert Events(9.9, 10.0).off(ends[1:]).tolist() == [False, False]


def test_a_scale_has_two_ends() -> None:
    with pytest.raises(BadParams, match="rating_min 5 must be below rating_max 5"):
        Events(5, 5)
