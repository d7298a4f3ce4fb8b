"""Scores and reasons: what a list is ranked by, and which movies it comes from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.models.uptake import FEW, scores, solve
from tests.inputs.uptake import HYPER, fitted, taken_up

MOVIES = 2 * FEW
MODEL = fitted(taken_up(50, MOVIES, 0.2), MOVIES)
EXACT = fitted(taken_up(50, MOVIES, 0.2), MOVIES, dtype="float64")
MANY = st.sets(st.integers(0, MOVIES - 1), min_size=1)


def test_a_score_is_taking_times_liking() -> None:
    model = replace(MODEL, share=np.array([0.5, 0.0, 0.1]), trend=np.array([1.0, 1.0, 2.0]))
    x, estimate = np.array([0.4, -0.3, 0.2], np.float32), np.array([4.0, 5.0, 9.0])
    expected = [(0.4 + 0.05) * 0.75, 0.0, (0.2 + 0.01) * 2]
    assert scores(model, x, estimate, (1.0, 5.0)) == pytest.approx(expected, rel=1e-6)


def test_who_took_up_nothing_is_ranked_by_popularity_times_liking() -> None:
    w = MODEL.fold_in(np.empty(0, np.int32))
    assert (w == 0).all()
    estimate = np.random.default_rng(0).uniform(1, 5, MOVIES)
    by = MODEL.share * (estimate - 1)
    ranked = scores(MODEL, MODEL.of(w), estimate, (1.0, 5.0))
    assert np.argsort(-ranked).tolist() == np.argsort(-by).tolist()


def test_under_a_huge_regularisation_everybody_is_ranked_so() -> None:
    flat = fitted(taken_up(50, MOVIES, 0.2), MOVIES, replace(HYPER, reg=1e7))
    estimate = np.random.default_rng(0).uniform(1, 5, MOVIES)
    ranked = scores(flat, flat.of(flat.user[0]), estimate, (1.0, 5.0))
    assert np.argsort(-ranked).tolist() == np.argsort(-(flat.share * (estimate - 1))).tolist()


@settings(max_examples=40, deadline=None)
@given(MANY)
def test_a_row_is_at_the_minimum(movies: set[int]) -> None:
    N = np.array(sorted(movies))
    h = EXACT.movie.T
    own = HYPER.reg * np.sqrt(len(N) + HYPER.unobserved * MOVIES)
    A = HYPER.unobserved * h.T @ h + h[N].T @ h[N] + own * np.eye(HYPER.n_factors)
    assert EXACT.fold_in(N) == pytest.approx(np.linalg.solve(A, h[N].sum(axis=0)), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(MANY)
def test_what_each_movie_adds_sums_to_the_uptake(movies: set[int]) -> None:
    N, items = np.array(sorted(movies)), np.arange(MOVIES)
    for model, near in ((MODEL, 1e-5), (EXACT, 1e-12)):
        added = model.contributions(N, items)
        assert added.shape == (MOVIES, len(N))
        assert added.sum(axis=1) == pytest.approx(model.of(model.fold_in(N)), abs=near)


def test_a_movie_adds_what_goes_without_it() -> None:
    """With A as it is, x without a movie's own term is x less what it adds (Hu et al.)."""
    N = np.arange(5)
    h = EXACT.movie.T
    own = HYPER.reg * np.sqrt(5 + HYPER.unobserved * MOVIES)
    A = HYPER.unobserved * h.T @ h + h[N].T @ h[N] + own * np.eye(HYPER.n_factors)
    without = np.linalg.solve(A, h[N[1:]].sum(axis=0))
    added = EXACT.contributions(N, np.array([9]))[0, 0]
    assert added == pytest.approx(float(h[9] @ (EXACT.fold_in(N) - without)), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 99))
def test_it_solves_systems(n: int, right: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    X, b = random.normal(size=(n, n)), random.normal(size=(n, right))
    A = X @ X.T + np.eye(n)
    assert solve(A, b) == pytest.approx(np.linalg.solve(A, b), abs=1e-8)
