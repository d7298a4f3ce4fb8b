"""Who takes up what: the implicit part of a list's order (Hu, Koren and Volinsky 2008).

    min Σ_{i∈N(u)} (1 − x_ui)² + α Σ_{u,i} x_ui²
        + λ (Σ_u √(|N(u)| + α m) |w_u|² + Σ_i √(n_i + α n) |h_i|²)

with x_ui = w_u·h_i, over n users and m movies; N(u) is what u watched or rated. `kernels.uptake`
finds the h_i. Then w_u is a function of N(u) alone, the minimum itself, whether it is stored as a
row or made for somebody whom the model does not know:

    w = A⁻¹ Σ_{j∈N} h_j,    A = Σ_{j∈N} h_j h_jᵀ + D,    D = α Σ_i h_i h_iᵀ + λ √(|N| + α m)

D is diagonal, as the h_i are given in the eigenvectors of Σ h hᵀ. For few movies, with B the
columns h_j, a smaller system gives the same: w = D⁻¹ B (1 + Bᵀ D⁻¹ B)⁻¹ 1. Products and sums of
whole vectors, no BLAS: the bits are the same on every machine, and those of the kernel.
"""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.fields import number
from movierec.models.model import SHAPE, Floats, Ints, shape

SECTION = "uptake"
"""Of params.yaml's `train`, beside those of the kinds."""
FEW = 32
"""Up to so many movies, the system has one equation a movie and not one a factor."""


@dataclass(frozen=True)
class Uptake:
    """`train.uptake` in params.yaml; α is `unobserved`, λ is `reg`, ε of `scores` is `floor`."""

    n_factors: int = number(low=0, high=512)
    """0: none of this, and lists are ranked by the predicted rating."""
    n_epochs: int = number(low=1)
    unobserved: float = number(above=0)
    reg: float = number(above=0)
    floor: float = number(low=0)
    trend_days: float = number(low=0)
    """0: a movie counts as much as it did; see `popularity.trend`."""
    seed: int = number(low=0, high=2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class UptakeModel:
    """How likely users take movies up."""

    hyper: Uptake
    user: Floats = field(metadata=shape("n_users", "n_factors"))
    """w_u."""
    movie: Floats = field(metadata=shape("n_factors", "n_movies"))
    """h_i, one column a movie, in the eigenvectors of Σ h hᵀ."""
    energy: Floats = field(metadata=shape("n_factors"))
    """The diagonal of Σ h hᵀ."""
    share: Floats = field(metadata=shape("n_movies"))
    """n_i / n: of all users, those who took the movie up."""
    trend: Floats = field(metadata=shape("n_movies"))
    """How much more it is taken up of late: 1 for each where that is not asked for."""

    @classmethod
    def shapes(cls) -> dict[str, tuple[str, ...]]:
        """Every array that must be stored, and its sizes by name."""
        return {f.name: f.metadata[SHAPE] for f in fields(cls) if SHAPE in f.metadata}

    def arrays(self) -> dict[str, Floats]:
        """Every array that must be stored, by name."""
        return {name: getattr(self, name) for name in self.shapes()}

    def of(self, w: Floats) -> Floats:
        """(n_movies,) x of a user with the factors w. einsum without `optimize` is no BLAS: it
        adds one factor's products after the other's."""
        x: Floats = np.einsum("f,fi->i", w, self.movie)
        return x

    def fold_in(self, N: Ints) -> Floats:
        """(n_factors,) w of who took up the movies N, which must be distinct and ascending.

        Without any it is zero.
        """
        B = np.take(self.movie, N, axis=1)
        D = self._diagonal(len(N), B.dtype)
        if len(N) <= FEW:
            c = solve(_few(B, D), np.ones((len(N), 1), B.dtype))[:, 0]
            return _added(B, c) / D
        return solve(_many(B, D), _added(B, np.ones(len(N), B.dtype))[:, None])[:, 0]

    def contributions(self, N: Ints, items: Ints) -> NDArray[np.float64]:
        """(len(items), len(N)) what each movie of N adds to x of each of `items`.

        x is linear in N once A is given (Hu, Koren and Volinsky 2008, section 5): h_iᵀ A⁻¹ h_j. A
        row sums to x, but for the rounding of w.
        """
        B, h = (np.take(self.movie, chosen, axis=1).astype(np.float64) for chosen in (N, items))
        D = self._diagonal(len(N), B.dtype)
        if len(N) <= FEW:
            right = np.einsum("fj,fi->ji", B / D[:, None], h)
            each: NDArray[np.float64] = solve(_few(B, D), right).T
        else:
            each = np.einsum("fi,fj->ij", solve(_many(B, D), h), B)
        return each

    @cached_property
    def floor(self) -> NDArray[np.float64]:
        """(n_movies,) ε n_i/n: the same for everybody."""
        floor: NDArray[np.float64] = self.hyper.floor * self.share.astype(np.float64)
        return floor

    def _diagonal(self, taken_up: int, dtype: np.dtype[Any]) -> Floats:
        alpha, reg = self.hyper.unobserved, self.hyper.reg
        own = reg * np.sqrt(taken_up + alpha * self.movie.shape[1])
        D: Floats = (alpha * self.energy.astype(np.float64) + own).astype(dtype)
        return D


def scores(
    uptake: UptakeModel, x: Floats, estimate: Floats, scale: tuple[float, float]
) -> NDArray[np.float64]:
    """(n_movies,) what a list is ranked by: how likely a movie is taken up × how it would be liked.

        s = (max(0, x) + ε n_i/n) · trend_i · clip((r̂ − low)/(high − low), 0, 1)

    The second term keeps an order among movies that nothing speaks for, and popularity's where x
    says nothing at all.
    """
    taking = (np.maximum(x, 0) + uptake.floor) * uptake.trend
    result: NDArray[np.float64] = taking * liking(estimate, scale)
    return result


def liking(estimate: Floats, scale: tuple[float, float]) -> NDArray[np.float64]:
    """How movies would be liked, 0 to 1: where each r̂ stands on the scale."""
    low, high = scale
    return np.clip((estimate - low) / (high - low), 0.0, 1.0)


def solve(A: Floats, right: Floats) -> Floats:
    """(n, r) A⁻¹ right of a symmetric positive definite A, (n, n), by Gauss's elimination: such a
    matrix needs no pivots."""
    n = len(A)
    T = np.concatenate([A, right], axis=1)
    for j in range(n):
        T[j, j + 1 :] /= T[j, j]
        T[j + 1 :, j + 1 :] -= T[j + 1 :, j, None] * T[j, j + 1 :]
    for j in range(n - 1, 0, -1):
        T[:j, n:] -= T[:j, j, None] * T[j, n:]
    return T[:, n:]


def _few(B: Floats, D: Floats) -> Floats:
    """1 + Bᵀ D⁻¹ B, one factor's products added after the other's."""
    K = _products(B / D[:, None], B)
    K[np.diag_indices_from(K)] += 1
    return K


def _many(B: Floats, D: Floats) -> Floats:
    """B Bᵀ + D, one movie's products added after the other's."""
    rows = np.ascontiguousarray(B.T)
    A = _products(rows, rows)
    A[np.diag_indices_from(A)] += D
    return A


def _added(B: Floats, c: Floats) -> Floats:
    """B c, one movie's column added after the other's."""
    return _products(np.ascontiguousarray(B.T), c[:, None])[:, 0]


def _products(left: Floats, right: Floats) -> Floats:
    """Σ_a left_a right_aᵀ over rows, in their order: (n, f), (n, g) → (f, g)."""
    if min(left.shape[1], right.shape[1]) > 1:
        return np.asarray(np.einsum("af,ag->fg", left, right))
    # Along a single column einsum would take partial sums.
    products = left[:, :, None] * right[:, None]
    return np.asarray(np.add.accumulate(products, axis=0)[-1] if len(left) else products.sum(0))
