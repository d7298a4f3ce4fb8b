"""A stored row and a folded-in one are the same function of N(u), bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.models.kernels.minima import fill
from movierec.models.uptake import FEW
from tests.inputs.uptake import HYPER, fitted, rows_of, taken_up

MOVIES = 3 * FEW
FACTORS = st.one_of(st.integers(1, 8), st.integers(17, 24), st.integers(63, 64))
"""Rows of one vector, of some and of many; each width more is compiled for seconds."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.36, 0.9])  # few of the movies, many, and between
def test_a_stored_row_is_what_is_folded_in(dtype: str, share: float) -> None:
    N = taken_up(40, MOVIES, share)
    model = fitted(N, MOVIES, replace(HYPER, n_factors=20), dtype)
    for u, row in enumerate(rows_of(N)):
        assert model.fold_in(row).tobytes() == model.user[u].tobytes()


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, MOVIES - 1)), FACTORS, st.integers(0, 99))
def test_it_is_for_any_number_of_movies_and_factors(movies: set[int], k: int, seed: int) -> None:
    model = fitted(taken_up(10, MOVIES, 0.3, seed), MOVIES, replace(HYPER, n_factors=k, n_epochs=1))
    N = np.array(sorted(movies), np.int32)
    one = replace(model, user=np.ones((1, k), np.float32))
    fill(one, (np.array([0, len(N)]), N))
    assert model.fold_in(N).tobytes() == one.user[0].tobytes()
