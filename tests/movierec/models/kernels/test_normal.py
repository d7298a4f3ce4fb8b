"""Initial values are numpy's, by operations that have the same bits everywhere."""

import numpy as np
import pytest

from movierec.models.kernels import normal
from movierec.models.kernels.normal import _polar, normals


def test_initial_values_are_numpy_s() -> None:
    theirs = np.random.RandomState(7).normal(0.1, 0.3, 5001)
    assert np.abs(normals(7, 0.1, 0.3, 5001) - theirs).max() < 1e-14
    standard = np.random.RandomState(7).normal(0.0, 1.0, 5001)
    off = np.abs(normals(7, 0.0, 1.0, 5001) - standard)
    assert (off <= 5 * np.spacing(np.abs(standard))).all()  # one wrong term is 7 away


def test_how_many_are_drawn_at_a_time_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of any size has more initial values than are drawn at once."""
    whole = normals(7, 0.1, 0.3, 1000)
    monkeypatch.setattr(normal, "CHUNK", 64)
    assert normals(7, 0.1, 0.3, 1000).tobytes() == whole.tobytes()


def test_the_middle_of_the_circle_has_no_logarithm() -> None:
    out = np.empty(8)
    assert _polar(np.array([0.5, 0.5, 0.6, 0.3]), out) == 2
    assert np.isfinite(out[:2]).all()
