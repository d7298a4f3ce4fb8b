"""Eigenvectors of small symmetric matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.models.kernels.jacobi import eigenvectors


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 24), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_they_are_orthogonal_and_make_it_diagonal(k: int, rank: int, seed: int) -> None:
    X = np.random.default_rng(seed).normal(size=(rank, k))  # of less than full rank, too
    G = X.T @ X
    V = eigenvectors(G)
    turned = V.T @ G @ V
    assert np.abs(V.T @ V - np.eye(k)).max() < 1e-12
    assert np.abs(turned - np.diag(np.diag(turned))).max() < 1e-12 * np.abs(G).max()
    assert sorted(np.diag(turned)) == pytest.approx(np.linalg.eigvalsh(G), abs=1e-9)


def test_a_matrix_of_zeros_and_a_diagonal_one_stay_as_they_are() -> None:
    for G in (np.zeros((3, 3)), np.diag([3.0, 1.0, 2.0])):
        assert (eigenvectors(G) == np.eye(3)).all()
