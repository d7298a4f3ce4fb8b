"""Stochastic gradient descent as Surprise runs it: the rows, the steps, the epochs.

Biases are two more factors, so that one product of rows gives b_u + b_i + q_iᵀp_u and one
update moves them all, each lane with its own learning rate γ and regularisation λ:

    p_u = [p_u1 … p_uk, b_u, 1, 0 …]      p ← (1 − γλ) p + γ e q
    q_i = [q_i1 … q_ik, 1, b_i, 0 …]      q ← (1 − γλ) q + γ e p      (γ = λ = 0 in constant lanes)

which is Surprise's x += γ(e·y − λx), rounded otherwise in the last place.
"""

from collections.abc import Callable, Sequence
from math import isfinite, sqrt
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.sums import counted, parts, total
from movierec.errors import BadInput, LimitExceeded
from movierec.mapped import release
from movierec.models.kernels.lanes import LINE_BYTES, PATTERN, Rows, row_type, width
from movierec.models.members import joined
from movierec.models.model import Epoch, OnEpoch
from movierec.models.svd import SVD, SVDModel

M = TypeVar("M", bound=SVDModel)


class Member(NamedTuple, Generic[M]):
    """One descent, from its own initial values."""

    sweep: Callable[[int], float]
    """Passes over the ratings once, in the epoch of this number; returns Σ e²."""
    model: Callable[[], M]
    """Makes the model as it is now: a copy."""


def check(train: sparse.csr_array) -> None:
    """Refuse ratings that cannot be learned from. Raises BadInput."""
    if train.nnz == 0:
        raise BadInput("no ratings to train on; widen the window or loosen `preprocess`")
    if not all(np.isfinite(train.data[part]).all() for part in parts(train.nnz)):
        raise BadInput("a rating is not a finite number; look into the aggregates of the window")


class Weights(NamedTuple):
    """How much each user teaches, by level: user u weighs `values[level[u]]`.

    The rows of movies move by the weight's share of a step, and so does μ count; the user's own row
    moves by whole ones, so that whoever is weighed down keeps lists of their own taste.
    """

    values: tuple[float, ...]
    level: NDArray[np.int64]
    """(n_users,)"""

    @classmethod
    def of(cls, weights: NDArray[Any] | None, n_users: int) -> "Weights":
        """The levels of (n_users,) weights; None stands for 1 each."""
        if weights is None:
            return cls((1.0,), np.zeros(n_users, np.int64))
        values, level = np.unique(weights.astype(np.float64), return_inverse=True)
        return cls(tuple(values.tolist()), level.astype(np.int64))

    def of_ratings(self, train: sparse.csr_array) -> Callable[[slice], NDArray[np.float64]] | None:
        """What gives the weights of some ratings, or None for 1 each."""
        if self.values == (1.0,):
            return None
        values = np.asarray(self.values)

        def of(part: slice) -> NDArray[np.float64]:
            rows = np.searchsorted(train.indptr, np.arange(part.start, part.stop), "right") - 1
            weights: NDArray[np.float64] = values[self.level[rows]]
            return weights

        return of


def mean_of(
    ratings: NDArray[Any], weights_of: Callable[[slice], NDArray[np.float64]] | None
) -> float:
    """μ = Σ ω r / Σ ω, summed in float64 in a fixed order; `weights_of` some ratings are asked for,
    None stands for 1 each."""
    n = len(ratings)
    if weights_of is None:
        return total(n, lambda part: ratings[part]) / n
    return total(n, lambda part: ratings[part] * weights_of(part)) / total(n, weights_of)


def observed(
    train: sparse.csr_array, weights: Weights, scalar: np.dtype[Any]
) -> tuple[float, NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    """(μ, indptr, indices, ratings less μ) of `train`, in the dtypes that kernels take."""
    mean = mean_of(train.data, weights.of_ratings(train))
    ratings = np.empty(train.nnz, scalar)
    for part in parts(train.nnz):
        ratings[part] = train.data[part].astype(np.float64) - mean
        release([train.data])
    indptr = train.indptr.astype(np.int64, copy=False)
    return mean, indptr, train.indices.astype(np.int32, copy=False), ratings


def rows(scalar: np.dtype[Any], factors: NDArray[np.float64], one: int, *more: str) -> Rows:
    """Rows whose first field holds `factors` (n, k), and a 1 in lane k + `one`."""
    n, k = factors.shape
    table = _from_a_line(n, row_type(scalar, width(k + 2), *more))
    lanes = table[more[0]]
    lanes[:, :k] = factors
    lanes[:, k + one] = 1
    return table


def _from_a_line(n: int, kind: np.dtype[Any]) -> Rows:
    """(n,) zeros that begin with a cache line: no vector lies across two of them."""
    room = np.zeros(n * kind.itemsize + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    table: Rows = room[start : start + n * kind.itemsize].view(kind)
    return table


def steps(scalar: np.dtype[Any], hyper: SVD, epoch: int, weights: Sequence[float]) -> Rows:
    """(len(weights),) with the factors of an epoch's updates: keep_* = 1 − γλ and gain_* = γ, as
    patterns for the rows p, q and y; in q and y, which are movies', γ is times the weight. Learning
    rates decay by γ_t = γ (1 − lr_decay)^t, t = epoch − 1."""
    decay = 1.0
    for _ in range(epoch - 1):
        decay *= 1.0 - hyper.lr_decay
    # Lane k of a row is this lane of a pattern: counted from the end, if it is not a factor's.
    k = hyper.n_factors - width(hyper.n_factors + 2) + PATTERN
    fields = (f"{w}_{r}" for w in ("keep", "gain") for r in "pqy")
    table = _from_a_line(len(weights), row_type(scalar, PATTERN, *fields))
    lanes: dict[str, list[tuple[str, Any]]] = {
        "p": [("pu", slice(k)), ("bu", k)],
        "q": [("qi", slice(k)), ("bi", k + 1)],
        "y": [("yj", slice(k))],
    }
    learnt = {name for group in hyper.LEARNT for name in group}
    for row, groups in lanes.items():
        table[f"keep_{row}"] = 1
        for name, where in groups:
            for level, weight in enumerate(weights if name in learnt else ()):
                rate = getattr(hyper, f"lr_{name}") * decay * (1.0 if row == "p" else weight)
                table[f"keep_{row}"][level, where] = 1.0 - rate * getattr(hyper, f"reg_{name}")
                table[f"gain_{row}"][level, where] = rate
    return table


def descend(
    kind: str,
    hyper: SVD,
    n_ratings: int,
    members: Sequence[Member[M]],
    on_epoch: OnEpoch | None,
) -> M:
    """Run the epochs, of all members side by side; an epoch's error is that of their ratings
    together. Returns their mean.

    Raises LimitExceeded as soon as the errors are no longer finite numbers.
    """

    def model() -> M:
        return joined([member.model() for member in members], hyper)

    for epoch in range(1, hyper.n_epochs + 1):
        squares = sum(member.sweep(epoch) for member in members) / len(members)
        if not isfinite(squares):
            rates = ", ".join(f"{n} {v}" for n, v in vars(hyper).items() if n.startswith("lr_"))
            raise LimitExceeded(
                f"{kind}: training diverged in epoch {epoch} of {hyper.n_epochs}: the error is no "
                f"finite number; lower a learning rate ({rates}) or raise its regularisation"
            )
        if on_epoch and on_epoch(Epoch(epoch, sqrt(squares / n_ratings), model)):
            break
    return model()


def factors(train: sparse.csr_array, P: NDArray[Any], Q: NDArray[Any], k: int) -> dict[str, Any]:
    """b_u, b_i, p_u and q_i, by their names in `SVDModel`, out of rows of lanes."""
    return known_only(train, P[:, k], Q[:, k + 1], P[:, :k], Q[:, :k])


def known_only(
    train: sparse.csr_array, b_u: NDArray[Any], b_i: NDArray[Any], p: NDArray[Any], q: NDArray[Any]
) -> dict[str, Any]:
    """Biases and factors by their names in `SVDModel`, copied. Who never rated or was never rated
    keeps no initial values: zero, as Surprise predicts for the unknown."""
    raters = np.diff(train.indptr) > 0
    rated = counted(train.indices, train.shape[1]) > 0
    return {
        "user_bias": np.where(raters, b_u, 0),
        "movie_bias": np.where(rated, b_i, 0),
        "user_factors": np.where(raters[:, None], p, 0),
        "movie_factors": np.ascontiguousarray(np.where(rated[:, None], q, 0).T),
    }
