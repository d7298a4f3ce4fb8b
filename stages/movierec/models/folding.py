"""A user with no row in the model: the epochs of a fit over this user's ratings, movies held still.

With b_i and q_i given, a step is linear in what it moves, and so is an epoch. Its map is found by
taking the steps on the columns of 1, and then applied once an epoch:

    v = (1, b_u, p_u)                a_i = (r − μ − b_i − q_iᵀ S, −1, −q_i)
    e = a_i·v                        g_i = (0, γ_b, γ_p q_i)
    v ← v + e g_i − shrink v         shrink = (0, γ_b λ_b, γ_p λ_p, …)

p_u is a sum of the q_i: with fewer ratings than factors v holds their weights, and a_i q_iᵀ q_j.

einsum without `optimize` is no BLAS: the bits are the same on every machine.
"""

from collections.abc import Iterable
from itertools import accumulate, repeat
from operator import mul
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AT_ONCE = 16
"""Epochs of different rates whose maps are made together, in as many calls as one takes."""
SMALL = 1500
"""Entries of maps up to which that is faster than to take each epoch's steps on v itself."""


class Pace(NamedTuple):
    """Of a fit's hyperparameters those that move users."""

    n_epochs: int
    lr_decay: float
    lr_bu: float
    lr_pu: float
    reg_bu: float
    reg_pu: float


def fold_in(pace: Pace, S: Array, residuals: Array, q: Array) -> tuple[Array, Array]:
    """b_u, (members,), and p_u, (members, n_factors), from zero on.

    `residuals` are r − μ − b_i, (members, n); `q` their movies' factors, (members, n, n_factors);
    `S` is what is added to p_u, (members, n_factors). Without ratings both are zero.
    """
    members, n, k = q.shape
    if not n:
        return np.zeros(members), np.zeros((members, k))
    few = n < k
    Q = np.einsum("mif,mjf->mij", q, q) if few else q
    moved = np.broadcast_to(np.eye(n), Q.shape) if few else q
    one = np.ones((members, n, 1))
    off = (residuals - np.einsum("mif,mf->mi", q, S))[..., None]
    shrink = np.full(2 + Q.shape[2], pace.lr_pu * pace.reg_pu)
    shrink[:2] = 0.0, pace.lr_bu * pace.reg_bu
    steps = Steps(
        np.concatenate([off, -one, -Q], axis=2).swapaxes(0, 1).copy(),
        np.concatenate([0 * one, pace.lr_bu * one, pace.lr_pu * moved], axis=2).swapaxes(0, 1),
        shrink,
    )
    v = _after(steps, pace)
    return v[:, 1], np.einsum("mi,mif->mf", v[:, 2:], q) if few else v[:, 2:]


class Steps(NamedTuple):
    """The steps over a user's ratings, in their order; each also of every member."""

    a: Array  # (n, members, entries of v)
    g: Array  # (n, members, entries)
    shrink: Array  # (entries,)

    def taken(self, V: Array, rates: list[float]) -> Array:
        """(rates, members, entries, columns) the columns of V, (members, entries, columns), after
        an epoch at each of `rates`, which multiply all learning rates."""
        rate = np.array(rates)[:, None, None, None]
        keep = 1.0 - rate * self.shrink[:, None]
        V = V[None].repeat(len(rates), axis=0)
        for a_i, g_i in zip(self.a, self.g, strict=True):
            e = np.einsum("mf,rmfc->rmc", a_i, V)
            V *= keep
            V += rate * g_i[..., None] * e[:, :, None]
        return V


def _after(steps: Steps, pace: Pace) -> Array:
    """(members, entries) v after all epochs."""
    _, members, entries = steps.a.shape
    one = np.eye(entries)[None].repeat(members, axis=0)
    v = one[:, 0]
    if not pace.lr_decay:
        return _applied(repeat(steps.taken(one, [1.0])[0], pace.n_epochs), v)
    shrunk = repeat(1.0 - pace.lr_decay, pace.n_epochs - 1)
    rates = list(accumulate(shrunk, mul, initial=1.0))
    if one.size <= SMALL:
        for start in range(0, len(rates), AT_ONCE):
            v = _applied(steps.taken(one, rates[start : start + AT_ONCE]), v)
    else:
        for rate in rates:
            v = steps.taken(v[..., None], [rate])[0, ..., 0]
    return v


def _applied(maps: Iterable[Array], v: Array) -> Array:
    for M in maps:
        v = np.einsum("mfc,mc->mf", M, v)
    return v
