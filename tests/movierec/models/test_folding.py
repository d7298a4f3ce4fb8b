"""Folding in takes the steps of a fit, however it comes to where they lead."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from movierec.models.folding import SMALL, Pace, fold_in
from tests.inputs.processors import older_processor

PACE = Pace(n_epochs=37, lr_decay=0.0, lr_bu=0.01, lr_pu=0.03, reg_bu=0.1, reg_pu=0.05)


def told(members: int, n: int, k: int) -> tuple[Any, Any, Any]:
    """(S, residuals, q) made of chance."""
    random = np.random.default_rng([members, n, k])
    sizes = (members, k), (members, n), (members, n, k)
    S, residuals, q = (
        random.normal(0, s, size) for s, size in zip((0.2, 1, 0.3), sizes, strict=True)
    )
    return S, residuals, q


def step_by_step(pace: Pace, S: Any, residuals: Any, q: Any) -> tuple[float, Any]:
    """The equations, one rating of one member after the other."""
    b_u, p_u, rate = 0.0, np.zeros_like(S), 1.0
    for _ in range(pace.n_epochs):
        for r, q_i in zip(residuals, q, strict=True):
            e = r - b_u - q_i @ (p_u + S)
            b_u += rate * pace.lr_bu * (e - pace.reg_bu * b_u)
            p_u = p_u + rate * pace.lr_pu * (e * q_i - pace.reg_pu * p_u)
        rate *= 1.0 - pace.lr_decay
    return b_u, p_u


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 8), (7, 3), (6, 6), (50, 40), (40, 50)])
def test_folding_in_is_the_equations_with_movies_held_still(
    n: int, k: int, decay: float, members: int
) -> None:
    """Fewer ratings than factors or not, one rate or many, small maps or large ones."""
    pace = PACE._replace(lr_decay=decay)
    S, residuals, q = told(members, n, k)
    bias, factors = fold_in(pace, S, residuals, q)
    for m in range(members):
        b_u, p_u = step_by_step(pace, S[m], residuals[m], q[m])
        assert bias[m] == pytest.approx(b_u, abs=1e-12)
        assert factors[m] == pytest.approx(p_u, abs=1e-12)


def test_both_sizes_of_maps_are_tried_above() -> None:
    assert 3 * (6 + 2) ** 2 <= SMALL < (40 + 2) ** 2


def test_without_ratings_nothing_is_learnt() -> None:
    bias, factors = fold_in(PACE, *told(2, 0, 3))
    assert bias.tolist() == [0, 0]
    assert (factors == np.zeros((2, 3))).all()


PROGRAM = """
import hashlib
from movierec.models.folding import fold_in
from tests.movierec.models.test_folding import PACE, told
digest = hashlib.sha256()
for decay in (0.0, 0.03):
    for shape in ((1, 20, 16), (3, 20, 64), (1, 100, 41)):
        for found in fold_in(PACE._replace(lr_decay=decay), *told(*shape)):
            digest.update(found.tobytes())
print(digest.hexdigest())
"""


def test_an_older_processor_gives_the_same_bits() -> None:
    def bits(**settings: str) -> bytes:
        paths = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        command, own = [sys.executable, "-W", "ignore", "-c", PROGRAM], os.environ | paths
        return subprocess.run(command, env=own | settings, check=True, capture_output=True).stdout

    assert bits() == bits(**older_processor())
