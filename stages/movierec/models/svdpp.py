"""SVD++, Koren (2008), equation 15, as Surprise 1.1.5 fits it.

    r̂_ui = μ + b_u + b_i + q_iᵀ (p_u + S),    S = |N(u)|^-½ Σ_{j∈N(u)} y_j

N(u) holds the movies that u rated, or also those that u watched. Each rating in turn, with
e = r_ui − r̂_ui, moves b_u, b_i, p_u as in SVD, q_i by e·(p_u + S), and every y_j of N(u):

    y_j ← y_j + γ (e q_i |N(u)|^-½ − λ y_j)

`kernels.svdpp` takes these steps, in time linear in the ratings.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from movierec.fields import number
from movierec.models.model import Floats, Ints, shape
from movierec.models.svd import LANES, SVD, SVDModel


@dataclass(frozen=True)
class SVDpp(SVD):
    """Hyperparameters of SVD++: those of SVD and the implicit factors' own."""

    LEARNT: ClassVar[tuple[tuple[str, ...], ...]] = (*SVD.LEARNT, ("yj",))

    lr_yj: float = number(above=0)
    reg_yj: float = number(low=0)


@dataclass(frozen=True, kw_only=True)
class SVDppModel(SVDModel):
    """A fitted SVD++: with `watches`, N(u) holds watched movies beside rated ones."""

    kind: ClassVar[str] = "svdpp"
    hyper: SVDpp
    user_implicit: Floats = field(metadata=shape("n_users", LANES))
    """S of every user, member by member."""
    implicit_factors: Floats = field(metadata=shape("n_movies", LANES))
    """y_j, member by member."""

    def z(self, u: Ints | int) -> Floats:
        """p_u + S."""
        return self.user_factors[u].astype(np.float64) + self.user_implicit[u]

    def implicit(self, items: Ints, watched: Ints) -> NDArray[np.float64]:
        """|N(u)|^-½ Σ y_j."""
        N = self._taken_up(items, watched)
        y = self.implicit_factors[N].astype(np.float64)
        S: NDArray[np.float64] = np.add.reduce(y, axis=0) / np.sqrt(max(len(N), 1))
        return S

    def implicit_parts(
        self, items: Ints, rated: Ints | None, watched: Ints
    ) -> tuple[Ints, NDArray[np.float64]] | None:
        """See Model.implicit_parts: q_iᵀ y_j |N(u)|^-½, which sum to q_iᵀ S."""
        if rated is None:
            if not self.watches:
                return None
            rated = watched[:0]
        N = self._taken_up(rated, watched)
        q = self.movie_factors[:, items].astype(np.float64)
        y = self.implicit_factors[N].astype(np.float64)
        parts: NDArray[np.float64] = np.einsum("fi,jf->ij", q, y) / np.sqrt(max(len(N), 1))
        return N, parts

    def _taken_up(self, rated: Ints, watched: Ints) -> Ints:
        """N(u), ascending."""
        return np.union1d(rated, watched if self.watches else rated[:0]).astype(np.intp)
