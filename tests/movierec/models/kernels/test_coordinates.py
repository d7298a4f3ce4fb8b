"""Coordinate steps of the uptake: each to its own minimum, so the objective only ever falls."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.models.kernels.coordinates import half, rows
from movierec.models.kernels.uptake import by_movie
from movierec.models.uptake import Uptake
from tests.inputs.uptake import HYPER, rows_of, taken_up

ROWS, FACTORS = 30, 6


def objective(N: list[NDArray[np.int32]], W: NDArray, H: NDArray, hyper: Uptake) -> float:
    """What the fit makes small, by the formula of `movierec.models.uptake`."""
    n, m = len(W), len(H)
    x = W @ H.T
    loss = hyper.unobserved * float((x**2).sum())
    loss += sum(float(((1 - x[u, N[u]]) ** 2).sum()) for u in range(n))
    n_i = np.bincount(np.concatenate(N), minlength=m)
    of_user = np.sqrt([len(row) + hyper.unobserved * m for row in N])
    of_movie = np.sqrt(n_i + hyper.unobserved * n)
    return loss + hyper.reg * float(of_user @ (W**2).sum(1) + of_movie @ (H**2).sum(1))


def test_the_objective_never_rises() -> None:
    """Half a pass moves every coordinate of one side; each to its minimum, so the sum falls."""
    N = taken_up(ROWS, 20, 0.3)
    hyper = replace(HYPER, n_factors=FACTORS)
    H, W = (rows(np.dtype(np.float64), n, FACTORS) for n in (20, ROWS))
    H["x"][:, :FACTORS] = np.random.default_rng(1).normal(0, 0.1, (20, FACTORS))
    of = by_movie(N, 20)
    values = []
    for _ in range(6):
        for taken, still, moved in ((N, H, W), (of, W, H)):
            half(taken, still, moved, hyper)
            left, right = W["x"][:, :FACTORS], H["x"][:, :FACTORS]
            values.append(objective(rows_of(N), left, right, hyper))
    assert (np.diff(values) <= 1e-9).all()
    assert values[-1] < 0.9 * values[0]


@pytest.mark.parametrize("wide", [1, 5, 17, 40])
def test_each_coordinate_goes_to_its_own_minimum(wide: int) -> None:
    """One row by the equation of the module, with as many movies as fill some chunks or none."""
    random = np.random.default_rng(wide)
    H = rows(np.dtype(np.float64), 50, FACTORS)
    H["x"][:, :FACTORS] = random.normal(size=(50, FACTORS))
    W = rows(np.dtype(np.float64), 1, FACTORS)
    W["x"][:, :FACTORS] = start = random.normal(size=FACTORS)
    N = np.sort(random.choice(50, wide, replace=False)).astype(np.int32)
    half((np.array([0, wide]), N), H, W, HYPER)
    h, w = H["x"][:, :FACTORS], start.copy()
    G, own = h.T @ h, HYPER.reg * np.sqrt(wide + HYPER.unobserved * 50)
    for f in range(FACTORS):
        rest = 1 - h[N] @ w + w[f] * h[N, f]
        others = G[f] @ w - G[f, f] * w[f]
        size = (h[N, f] ** 2).sum() + HYPER.unobserved * G[f, f] + own
        w[f] = (rest @ h[N, f] - HYPER.unobserved * others) / size
    assert W["x"][0, :FACTORS] == pytest.approx(w, abs=1e-12)
    assert (W["x"][0, FACTORS:] == 0).all()
