"""What every model can do, and what it is made of: biases and factors.

    r̂_ui = μ + b_u + b_i + q_iᵀ z_u

with z_u = p_u for SVD and z_u = p_u + |N(u)|^-½ Σ_{j∈N(u)} y_j for SVD++. Sums run factor by
factor over whole vectors: no BLAS, so the bits do not depend on the machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from movierec.params import SVD

SHARED = ("user_bias", "movie_bias", "user_factors", "movie_factors")
"""The arrays that every model stores."""

Floats = NDArray[Any]
Ints = NDArray[Any]


class Model(Protocol):
    """A fitted model of n_users × n_movies ratings."""

    @property
    def kind(self) -> str:
        """The name it is stored and served under, such as `svd`."""

    def predict(self, u: Ints, i: Ints) -> NDArray[np.float64]:
        """Ratings of the pairs (u, i), kept inside the scale. Shapes: (n,), (n,) → (n,)."""

    def scores(self, u: int) -> NDArray[np.float64]:
        """(n_movies,) unclipped ratings of user `u`, for ranking."""

    def scores_for(self, items: Ints, ratings: Floats, watched: Ints) -> NDArray[np.float64]:
        """(n_movies,) unclipped ratings of a user who has no row in the model, who rated
        `items` with `ratings` and watched the movies `watched` (indices; any may be empty)."""

    def arrays(self) -> dict[str, Floats]:
        """Everything that must be stored, by name."""


class Epoch(NamedTuple):
    """What a fit says after each pass over the ratings."""

    number: int
    """From 1."""
    rmse: float
    """Root mean squared error over the ratings, each taken just before its own update."""
    model: Callable[[], "Factors"]
    """Makes the model as it is now: a copy."""


OnEpoch = Callable[[Epoch], bool | None]
"""Called after each epoch; training ends when it returns True."""


@dataclass(frozen=True)
class Factors:
    """The arrays that SVD and SVD++ share, and predictions from them.

    Users and movies without a rating in the training data have zero biases and factors.
    """

    scale: tuple[float, float]
    """Lowest and highest rating."""
    mean: float
    """μ: the mean of all ratings."""
    user_bias: Floats
    """(n_users,) b_u."""
    movie_bias: Floats
    """(n_movies,) b_i."""
    user_factors: Floats
    """(n_users, n_factors) p_u."""
    movie_factors: Floats
    """(n_factors, n_movies) q_i, one column a movie."""
    hyper: SVD
    """What it was fitted with; new users are folded in by the same steps."""

    @property
    def kind(self) -> str:
        """See Model.kind."""
        raise NotImplementedError

    def z(self, u: Ints | int) -> Floats:
        """What meets q_i: (n_factors,) of one user, (n, n_factors) of n."""
        return self.user_factors[u]

    def predict(self, u: Ints, i: Ints) -> NDArray[np.float64]:
        """See Model.predict."""
        z = self.z(u)
        estimate = self.mean + self.user_bias[u].astype(np.float64) + self.movie_bias[i]
        for f, q_f in enumerate(self.movie_factors):
            estimate += z[:, f].astype(np.float64) * q_f[i]
        return np.clip(estimate, *self.scale)

    def scores(self, u: int) -> NDArray[np.float64]:
        """See Model.scores."""
        return self._scores(float(self.user_bias[u]), self.z(u))

    def scores_for(self, items: Ints, ratings: Floats, watched: Ints) -> NDArray[np.float64]:
        """See Model.scores_for. SVD has no use for watches without a rating."""
        S = np.zeros(self.hyper.n_factors)
        b_u, p_u = fold_in(self.hyper, S, self._residuals(items, ratings), self._rows(items))
        return self._scores(b_u, p_u)

    def _residuals(self, items: Ints, ratings: Floats) -> NDArray[np.float64]:
        """(n,) ratings less what is known without the user: r − μ − b_i."""
        return np.asarray(ratings, np.float64) - self.mean - self.movie_bias[items]

    def _rows(self, items: Ints) -> NDArray[np.float64]:
        """(n, n_factors) q_i."""
        return np.ascontiguousarray(self.movie_factors[:, items].T, dtype=np.float64)

    def _scores(self, b_u: float, z: Floats) -> NDArray[np.float64]:
        scores = self.mean + b_u + self.movie_bias.astype(np.float64)
        for z_f, q_f in zip(z.tolist(), self.movie_factors, strict=True):
            scores += np.multiply(q_f, z_f, dtype=np.float64)
        return scores

    def arrays(self) -> dict[str, Floats]:
        """See Model.arrays."""
        return {name: getattr(self, name) for name in SHARED}


def fold_in(
    hyper: SVD,
    S: NDArray[np.float64],
    residuals: NDArray[np.float64],
    q: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """b_u and p_u of a user with no row in the model: the epochs of `fit` over this user's
    ratings alone, starting from zero, with all movies held still.

    `residuals` are r − μ − b_i, (n,); `q` their movies' factors, (n, n_factors); `S` is the
    implicit part of z_u, (n_factors,). Without ratings both are zero.
    """
    b_u, p_u, decay = 0.0, np.zeros_like(S), 1.0
    for _ in range(hyper.n_epochs if len(residuals) else 0):
        for r, q_i in zip(residuals.tolist(), q, strict=True):
            e = r - b_u - float(np.add.reduce(q_i * (p_u + S)))
            b_u += decay * hyper.lr_bu * (e - hyper.reg_bu * b_u)
            p_u = p_u + decay * hyper.lr_pu * (e * q_i - hyper.reg_pu * p_u)
        decay *= 1.0 - hyper.lr_decay
    return b_u, p_u
