"""What chance brings is not surprising, what it does not is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.dataset.targets import Limits, Ratings, companies, divided
from movierec.times import SECOND

LIMITS = Limits(z=6.0, accounts=5)
HOUR = 3_600


def crowd(movies: int = 30, users: int = 400, seed: int = 1) -> Ratings:
    """Everybody rates ten movies by chance, a third of the ratings at the end, over thirty days."""
    random = np.random.default_rng(seed)
    u = np.repeat(np.arange(users), 10)
    i = np.argsort(random.random((users, movies)), axis=1)[:, :10].ravel()
    rating = np.where(random.random(len(u)) < 0.33, 5.0, 3.0)
    time = random.integers(0, 30 * 24 * HOUR, len(u)) * SECOND
    return Ratings(u, i, rating, time, np.ones(len(u), bool))


def ends(ratings: Ratings) -> NDArray[np.bool_]:
    return ratings.rating == 5.0


def found_by(ratings: Ratings, mark: NDArray[np.float64], sign: str = "rare") -> list:
    return companies(ratings, ends(ratings), "push", {sign: mark}, 30, LIMITS)


def test_odd_users_who_meet_by_chance_are_none() -> None:
    assert found_by(crowd(), np.random.default_rng(2).random(400)) == []


@pytest.mark.parametrize("sign", ["rare", "ends"])
def test_odd_users_who_all_gave_one_movie_the_end_are_found(sign: str) -> None:
    ratings, mark = crowd(), np.random.default_rng(2).random(400)
    chosen = (ratings.i == 7) & (ratings.u % 4 == 0)
    mark[ratings.u[chosen]] += 1
    company = np.where(chosen, 5.0, ratings.rating)
    (found,) = found_by(ratings._replace(rating=company), mark, sign)
    assert (found.movie, found.side, found.sign) == (7, "push", sign)
    assert np.isin(ratings.u[chosen], found.users).all()
    assert found.expected < len(found.users) / 6
    # As many odd users who gave it something else, and no less odd, are no company.
    other = np.where(chosen, 3.0, ratings.rating)
    assert found_by(ratings._replace(rating=other), mark, sign) == []


def test_fewer_than_the_limit_are_no_company() -> None:
    ratings, mark = crowd(), np.random.default_rng(2).random(400)
    few = np.flatnonzero((ratings.i == 7) & ~ends(ratings))[:20]
    rating = ratings.rating.copy()
    rating[few], mark[ratings.u[few]] = 5.0, 2.0
    ratings = ratings._replace(rating=rating)
    for accounts, movies in ((10, [7]), (21, [])):
        limits = Limits(3.0, accounts)
        found = companies(ratings, rating == 5.0, "push", {"rare": mark}, 30, limits)
        assert [f.movie for f in found] == movies


def test_a_movie_is_divided_whose_ends_its_other_ratings_do_not_explain() -> None:
    ratings = crowd()
    z, expected = divided(ratings, ends(ratings), 30)
    assert z.max() < 3 and expected.shape == (30,)
    half = (ratings.i == 6) & (ratings.u % 4 != 0)
    pushed = ratings._replace(rating=np.where(half, 5.0, ratings.rating))
    z, _ = divided(pushed, ends(pushed), 30)
    assert z.argmax() == 6 and z[6] > 3
