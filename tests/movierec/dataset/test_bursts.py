"""People of one hour are told, but for where the hour is as busy as its days."""

import numpy as np

from movierec.dataset.bursts import bursts
from movierec.times import SECOND
from tests.movierec.dataset.test_targets import HOUR, LIMITS, crowd, ends


def test_a_burst_is_told_by_its_hour_and_holds_who_rated_in_it() -> None:
    ratings = crowd()
    at_once = (ratings.i == 3) & (ratings.u % 3 == 0)
    rating = np.where(at_once, 5.0, ratings.rating)
    time = np.where(at_once, (100 * HOUR + ratings.u) * SECOND, ratings.time)
    hit = ratings._replace(rating=rating, time=time)
    (found,) = bursts(hit, rating == 5.0, "push", 30, LIMITS)
    assert (found.movie, found.sign) == (3, "burst")
    assert np.isin(ratings.u[at_once], found.users).all()
    assert len(found.users) <= at_once.sum() + 2
    spread = ratings._replace(rating=rating)
    assert bursts(spread, rating == 5.0, "push", 30, LIMITS) == []


def test_an_hour_in_which_a_movie_is_rated_as_it_always_is_is_no_burst() -> None:
    """A club night: a hundred rate within an hour, a third of them at the end, as on other days."""
    ratings = crowd()
    club = (ratings.i == 3) & (ratings.u % 2 == 0)
    hit = ratings._replace(time=np.where(club, 100 * HOUR * SECOND, ratings.time))
    assert bursts(hit, ends(hit), "push", 30, LIMITS) == []


def test_a_busy_week_makes_an_hour_of_it_no_burst() -> None:
    """All of a movie's ratings, each at the end, within two days: no hour of them stands out."""
    ratings = crowd()
    of = ratings.i == 3
    start = np.random.default_rng(4).integers(0, 48 * HOUR, len(of)) * SECOND
    new = ratings._replace(
        rating=np.where(of, 5.0, ratings.rating), time=np.where(of, start, ratings.time)
    )
    assert bursts(new, ends(new), "push", 30, LIMITS) == []
