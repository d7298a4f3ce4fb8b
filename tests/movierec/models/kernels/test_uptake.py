"""The uptake's fit: coordinate steps that only ever fall, to what dense algebra finds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from movierec.errors import LimitExceeded
from movierec.models.kernels import sharing
from movierec.models.kernels import uptake as kernel
from movierec.models.uptake import Uptake, UptakeModel
from tests.inputs.uptake import HYPER, fitted, rows_of, taken_up
from tests.inputs.uptake import N as Rows

ROWS = 30


def dense(N: list[NDArray[np.int32]], hyper: Uptake, start: NDArray, epochs: int) -> NDArray:
    """x of everybody by alternating least squares: each row solved for as a whole."""
    n, m, alpha = len(N), len(start), hyper.unobserved
    R = np.zeros((n, m))
    for u, row in enumerate(N):
        R[u, row] = 1
    H = start.copy()
    for _ in range(epochs):
        W = _solved(R, H, hyper)
        H = _solved(R.T, W, hyper)
    assert alpha == hyper.unobserved
    return _solved(R, H, hyper) @ H.T


def _solved(R: NDArray, H: NDArray, hyper: Uptake) -> NDArray:
    G, rows = hyper.unobserved * H.T @ H, []
    for r in R:
        own = hyper.reg * np.sqrt(r.sum() + hyper.unobserved * len(H))
        A = G + (H * r[:, None]).T @ H + own * np.eye(H.shape[1])
        rows.append(np.linalg.solve(A, H.T @ r))
    return np.array(rows)


def test_in_float64_it_is_dense_alternating_least_squares() -> None:
    """With few factors both go to the same minimum, and a rotation of factors is none of x."""
    N, hyper = taken_up(12, 9, 0.4), replace(HYPER, n_factors=2, n_epochs=400)
    model = fitted(N, 9, hyper, dtype="float64")
    x = np.array([model.of(w) for w in model.user])
    start = np.random.default_rng(0).normal(0, 0.1, (9, 2))
    assert np.abs(x - dense(rows_of(N), hyper, start, 2000)).max() < 1e-6


def test_weights_of_one_change_no_bit() -> None:
    N = taken_up(ROWS, 20, 0.3)
    plain = fitted(N, 20)
    ones = np.ones(ROWS, np.float32)
    weighed = kernel.fit(N, (ROWS, 20), HYPER, trend=np.ones(20), weights=ones)
    for name, array in plain.arrays().items():
        assert weighed.arrays()[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighed", [False, True])
def test_threads_change_no_bit(dtype: str, weighed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long rows, so that threads are at work at once: in one room they would be seen to be."""
    monkeypatch.setattr(sharing, "LEAST", 1)
    same_by_threads(taken_up(301, 601, 0.5), 601, dtype, weighed, 301)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from([0.05, 0.4, 1.0]),  # some with nothing, and a row that has everything
    st.booleans(),
    st.integers(0, 30),
)
def test_threads_change_no_bit_of_any_shape(
    seed: int, users: int, movies: int, share: float, weighed: bool, stored: int
) -> None:
    """More threads than rows, odd numbers of them, and users without a row in the end."""
    N, whole = taken_up(users, movies, share, seed), np.arange(movies, dtype=np.int32)
    N = np.append(N[0], N[0][-1] + movies), np.append(N[1], whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "LEAST", 1)
        same_by_threads(N, movies, "float32", weighed, min(stored, users + 1))


def same_by_threads(N: Rows, movies: int, dtype: str, weighed: bool, stored: int) -> None:
    weights = None
    if weighed:
        weights = np.random.default_rng(2).uniform(0.1, 1, len(N[0]) - 1).astype(np.float32)
    options = {"trend": np.ones(movies), "weights": weights, "dtype": dtype}
    alone, *others = (
        kernel.fit(N, (stored, movies), replace(HYPER, n_epochs=2), threads=threads, **options)
        for threads in (1, 2, 3, 7)
    )
    for model in others:
        for name, array in alone.arrays().items():
            assert model.arrays()[name].tobytes() == array.tobytes()


def test_a_user_of_weight_two_counts_for_two_of_the_same() -> None:
    N, hyper = taken_up(12, 9, 0.4), replace(HYPER, n_factors=3)
    rows = rows_of(N)
    twice = [*rows, rows[4], rows[7]]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in twice])])
    both = indptr, np.concatenate(twice)
    weights = np.where(np.isin(np.arange(12), [4, 7]), 2.0, 1.0).astype(np.float32)
    options = {"trend": np.ones(9), "dtype": "float64"}
    weighed = kernel.fit(N, (12, 9), hyper, weights=weights, **options)
    doubled = kernel.fit(both, (12, 9), hyper, **options)
    assert weighed.share == pytest.approx(doubled.share)
    x, expected = (model.user @ model.movie for model in (weighed, doubled))
    assert x == pytest.approx(expected, abs=1e-9)
    assert np.abs(fitted(N, 9, hyper, "float64").user @ weighed.movie - expected).max() > 1e-3


def test_its_factors_stand_in_the_eigenvectors_of_their_gram_matrix() -> None:
    model = fitted(taken_up(ROWS, 20, 0.3), 20, HYPER, dtype="float64")
    G = model.movie @ model.movie.T
    assert np.abs(G - np.diag(model.energy)).max() < 1e-12


def test_who_took_up_nothing_has_a_row_of_zeros_and_a_movie_of_nobody_is_never_taken_up() -> None:
    indptr, indices = np.array([0, 2, 2, 3]), np.array([0, 1, 1], np.int32)
    model = fitted((indptr, indices), 4, HYPER)
    assert (model.user[1] == 0).all()
    assert (model.movie[:, 2:] == 0).all()
    assert model.share.tolist() == pytest.approx([1 / 3, 2 / 3, 0, 0])


def test_users_past_the_last_row_shape_the_movies_and_have_no_row() -> None:
    N = taken_up(ROWS, 20, 0.3)
    all_of_them = fitted(N, 20, HYPER)
    some = kernel.fit(N, (10, 20), HYPER, trend=np.ones(20))
    assert some.user.shape == (10, HYPER.n_factors)
    assert (some.user == all_of_them.user[:10]).all()
    assert (some.movie == all_of_them.movie).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_any_shape_is_fitted_to_finite_numbers(seed: int, users: int, movies: int, k: int) -> None:
    N = taken_up(users, movies, 0.5, seed)
    model = fitted(N, movies, replace(HYPER, n_factors=k, seed=seed))
    assert all(np.isfinite(array).all() for array in model.arrays().values())
    assert isinstance(model, UptakeModel)
    assert model.user.shape == (users, k)


@pytest.mark.parametrize(
    "weights",
    [{"reg": 1e300}, {"unobserved": 1e300}, {"unobserved": 1e-300, "reg": 1e-300}],
)
def test_weights_beyond_the_dtype_make_no_model(weights: dict[str, float]) -> None:
    """What is not finite would be found by whoever asks, and by the training no more."""
    with pytest.raises(LimitExceeded, match=r"train\.uptake: .* no finite numbers .* unobserved"):
        fitted(taken_up(ROWS, 20, 0.3), 20, replace(HYPER, **weights))
