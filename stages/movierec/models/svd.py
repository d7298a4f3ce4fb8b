"""SVD, after Koren (2008) and Funk, as Surprise 1.1.5 fits it.

    r̂_ui = μ + b_u + b_i + q_iᵀ p_u

Each rating r_ui in turn, with e = r_ui − r̂_ui:

    b_u ← b_u + γ (e − λ b_u)          p_u ← p_u + γ (e q_i − λ p_u)
    b_i ← b_i + γ (e − λ b_i)          q_i ← q_i + γ (e p_u − λ q_i)

With S `members` it is the mean of S such models: see `movierec.models.members`.

`kernels.svd` takes these steps. `folding` takes them for a user with no row. Predicting,
here, sums factor by factor over whole vectors: no BLAS, so the bits do not depend on the machine.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from movierec.fields import number
from movierec.models.folding import Pace, fold_in
from movierec.models.model import ByEpochs, Floats, Ints, Model, shape

LANES = "members * n_factors"
"""The size of what a user or a movie has of each factor of each member."""

BLOCK = 1024
"""Pairs that are predicted at a time: what they take of a hundred factors fits into the cache."""


@dataclass(frozen=True)
class SVD(ByEpochs):
    """Hyperparameters of SVD, by Surprise's names (γ is `lr_*`, λ is `reg_*`).

    Beyond Surprise, and off at zero: learning rates shrink by `lr_decay` after each epoch.
    """

    LEARNT: ClassVar[tuple[tuple[str, ...], ...]] = (("bu", "bi"), ("pu", "qi"))
    """What `lr_*` and `reg_*` there are, in groups that a search gives one rate."""

    n_factors: int = number(low=1, high=4096)
    init_mean: float = number()
    init_std_dev: float = number(low=0)
    lr_bu: float = number(above=0)
    lr_bi: float = number(above=0)
    lr_pu: float = number(above=0)
    lr_qi: float = number(above=0)
    reg_bu: float = number(low=0)
    reg_bi: float = number(low=0)
    reg_pu: float = number(low=0)
    reg_qi: float = number(low=0)
    lr_decay: float = number(low=0, high=0.5)


@dataclass(frozen=True, kw_only=True)
class SVDModel(Model):
    """A fitted SVD. Users and movies without a rating in the training data have zero biases
    and factors."""

    kind: ClassVar[str] = "svd"
    hyper: SVD
    """What it was fitted with; new users are folded in by the same steps."""
    mean: float
    """μ: the mean of all ratings."""
    watches: bool = False
    """Whether watches without a rating tell the model something: never to SVD."""
    user_bias: Floats = field(metadata=shape("n_users"))
    """b_u."""
    movie_bias: Floats = field(metadata=shape("n_movies"))
    """b_i."""
    user_factors: Floats = field(metadata=shape("n_users", LANES))
    """p_u, member by member."""
    movie_factors: Floats = field(metadata=shape(LANES, "n_movies"))
    """q_i, one column a movie: member by member, divided by their number."""
    member_bias: Floats | None = field(default=None, metadata=shape("members", "n_movies"))
    """b_i of each member, whose mean is `movie_bias`, where there are several."""

    def __post_init__(self) -> None:
        if (self.member_bias is None) != (self.hyper.members == 1):
            held = "no" if self.member_bias is None else "a"
            raise ValueError(f"{held} member_bias beside members {self.hyper.members}")

    def sizes(self) -> dict[str, int]:
        """See Model.sizes."""
        return super().sizes() | {LANES: self.hyper.members * self.hyper.n_factors}

    def z(self, u: Ints | int) -> Floats:
        """What meets q_i: (LANES,) of one user, (n, LANES) of n. Here p_u."""
        return self.user_factors[u]

    def predict(self, u: Ints, i: Ints) -> NDArray[np.float64]:
        """See Model.predict."""
        estimate = np.empty(len(u))
        for start in range(0, len(u), BLOCK):
            block = slice(start, start + BLOCK)
            estimate[block] = self._estimate(u[block], i[block])
        return np.clip(estimate, *self.scale, out=estimate)

    def _estimate(self, u: Ints, i: Ints) -> NDArray[np.float64]:
        """Unclipped ratings of the pairs (u, i)."""
        estimate = self.mean + self.user_bias[u].astype(np.float64) + self.movie_bias[i]
        products = np.multiply(self.z(u).T, self.movie_factors[:, i], dtype=np.float64)
        for product in products:
            estimate += product
        return estimate

    def scores(self, u: int) -> NDArray[np.float64]:
        """See Model.scores."""
        return self._scores(float(self.user_bias[u]), self.z(u))

    def scores_for(self, items: Ints, ratings: Floats, watched: Ints) -> NDArray[np.float64]:
        """See Model.scores_for: b_u and p_u come from the ratings, S from both; each member folds
        the user in by itself, with its own b_i and q_i."""
        S = self.implicit(items, watched)
        each = self.hyper.members, self.hyper.n_factors
        b_i = self.movie_bias[None] if self.member_bias is None else self.member_bias
        residuals = np.asarray(ratings, np.float64) - self.mean - b_i[:, items]
        q = self.movie_factors[:, items].astype(np.float64).reshape(*each, len(items))
        q = np.ascontiguousarray(q.swapaxes(1, 2)) * self.hyper.members
        pace = Pace(*(getattr(self.hyper, name) for name in Pace._fields))
        b_u, p_u = fold_in(pace, S.reshape(each), residuals, q)
        return self._scores(float(np.mean(b_u)), p_u.ravel() + S)

    def implicit(self, items: Ints, watched: Ints) -> NDArray[np.float64]:
        """(LANES,) what a new user's movies tell before any rating. Here nothing."""
        return np.zeros(len(self.movie_factors))

    @cached_property
    def terms(self) -> NDArray[np.float64]:
        """(2 + LANES, n_movies) what is weighed in a movie's score: 1, b_i and q_i."""
        one = np.ones((1, len(self.movie_bias)))
        terms = np.concatenate([one, self.movie_bias[None], self.movie_factors], dtype=np.float64)
        return np.ascontiguousarray(terms)

    def weights(self, u: Ints) -> NDArray[np.float64]:
        """(n, 2 + LANES) what `terms` are weighed by in the scores of n users: μ + b_u, 1 and z."""
        b_u = self.mean + self.user_bias[u].astype(np.float64)
        return np.concatenate([b_u[:, None], np.ones((len(u), 1)), self.z(u)], axis=1)

    def _scores(self, b_u: float, z: Floats) -> NDArray[np.float64]:
        # einsum without `optimize` is no BLAS: along rows it adds one term's products after the
        # other's, as `_estimate` does, and in one pass over them.
        weights = np.concatenate([[self.mean + b_u, 1.0], z])
        scores: NDArray[np.float64] = np.einsum("f,fi->i", weights, self.terms)
        return scores
