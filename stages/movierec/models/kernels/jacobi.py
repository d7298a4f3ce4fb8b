"""Eigenvectors of a small symmetric matrix, with the same bits everywhere: no LAPACK."""

import numpy as np
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel

SWEEPS = 30
"""At most: ten are enough for a hundred rows."""
NOTHING = 1e-30
"""The share of squares off the diagonal at which it is diagonal to the last bit."""


@kernel
def eigenvectors(G: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, k) V, orthogonal, with Vᵀ G V diagonal, for a symmetric G: Jacobi's rotations in cyclic
    order (Golub and Van Loan 2013, section 8.5)."""
    k = len(G)
    A, V = G.copy(), np.eye(k)
    for _ in range(SWEEPS):
        if _off_diagonal(A) <= NOTHING:
            break
        for p in range(k):
            for q in range(p + 1, k):
                if A[p, q] != 0.0:
                    c, s = _rotation(A[p, p], A[q, q], A[p, q])
                    _turn(A, p, q, c, s)
                    _turn(V, p, q, c, s)
                    _turn(A.T, p, q, c, s)
    return V


@kernel
def _off_diagonal(A: NDArray[np.float64]) -> float:
    """Σ of squares off the diagonal over that on it; 0 for zeros."""
    off, on = 0.0, 0.0
    for p in range(len(A)):
        on += A[p, p] * A[p, p]
        for q in range(p):
            off += A[p, q] * A[p, q]
    return off / on if on > 0.0 else 0.0


@kernel
def _rotation(app: float, aqq: float, apq: float) -> tuple[float, float]:
    """(cos, sin) of the smaller angle that makes a_pq zero."""
    tau = (aqq - app) / (2.0 * apq)
    t = 1.0 / (abs(tau) + np.sqrt(1.0 + tau * tau))
    if tau < 0.0:
        t = -t
    c = 1.0 / np.sqrt(1.0 + t * t)
    return c, t * c


@kernel
def _turn(M: NDArray[np.float64], p: int, q: int, c: float, s: float) -> None:
    """Turn the columns p and q of M."""
    for row in range(len(M)):
        left, right = M[row, p], M[row, q]
        M[row, p], M[row, q] = c * left - s * right, s * left + c * right
