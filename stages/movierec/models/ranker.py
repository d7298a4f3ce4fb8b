"""One user → what is ranked by, movie by movie. Evaluation and serving share this code."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movierec.models.model import Floats, Ints, Model
from movierec.models.uptake import UptakeModel, scores


@dataclass(frozen=True)
class Judged:
    """All movies for one user."""

    score: NDArray[np.float64]
    """(n_movies,) a list holds the highest."""
    estimate: NDArray[np.float64]
    """(n_movies,) r̂, unclipped."""
    uptake: Floats | None
    """(n_movies,) x; None where movies are ranked by r̂."""


@dataclass(frozen=True)
class Ranker:
    """A model of ratings, and who takes up what; without the latter it ranks by rating alone."""

    model: Model
    uptake: UptakeModel | None = None

    def known(self, u: int, N: Ints | None = None) -> Judged:
        """For row `u`; with N, ascending, all that this user took up, when that has become more."""
        return self._judged(
            self.model.scores(u), lambda up: up.user[u] if N is None else up.fold_in(N)
        )

    def folded_in(self, items: Ints, ratings: Floats, watched: Ints) -> Judged:
        """For who has no row, rated `items` with `ratings` and watched `watched`."""
        return self._judged(
            self.model.scores_for(items, ratings, watched),
            lambda up: up.fold_in(np.union1d(items, watched)),
        )

    def _judged(
        self, estimate: NDArray[np.float64], w_of: Callable[[UptakeModel], Floats]
    ) -> Judged:
        if self.uptake is None:
            return Judged(estimate, estimate, None)
        x = self.uptake.of(w_of(self.uptake))
        return Judged(scores(self.uptake, x, estimate, self.model.scale), estimate, x)
