"""Neighbours by h: cosines, nearest first, without the movie itself."""

from dataclasses import replace

import numpy as np
import pytest

from serve.service.recommender import K
from serve.service.similar import Neighbours
from tests.inputs.uptake import fitted, taken_up

MOVIES = 40
UPTAKE = fitted(taken_up(60, MOVIES, 0.2), MOVIES)
NEAR = Neighbours(UPTAKE)


def test_the_nearest_by_cosine_come_first() -> None:
    h = UPTAKE.movie.astype(float)
    h /= np.linalg.norm(h, axis=0)
    for i in (0, 7, MOVIES - 1):
        cosines = h.T @ h[:, i]
        expected = [j for j in np.argsort(-cosines, kind="stable") if j != i][:K]
        near = NEAR.of(i)
        assert near.movies.tolist() == expected
        assert near.cosines == pytest.approx(cosines[expected], abs=1e-6)


def test_what_is_excluded_is_left_out() -> None:
    whole = NEAR.of(3).movies
    assert NEAR.of(3, whole[:4]).movies[: K - 4].tolist() == whole[4:].tolist()
    assert NEAR.of(3, np.arange(MOVIES)).movies.tolist() == []


def test_a_movie_of_nobody_is_near_to_none() -> None:
    movie = UPTAKE.movie.copy()
    movie[:, 5] = 0
    near = Neighbours(replace(UPTAKE, movie=movie))
    assert [near.knows(i) for i in (4, 5)] == [True, False]
    rest = near.of(3, np.arange(10, MOVIES)).movies  # no more than there are
    assert sorted(rest.tolist()) == [0, 1, 2, 4, 6, 7, 8, 9]
