"""Movies near a movie: those that the same people take up."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.models.topn import recommend
from movierec.models.uptake import UptakeModel
from serve.service.recommender import NOTHING, Columns, K


class Near(NamedTuple):
    """Neighbours, nearest first."""

    movies: Columns
    cosines: list[float]


class Neighbours:
    """cos(h_i, h_j) of the uptake's factors; lengths are taken once."""

    def __init__(self, uptake: UptakeModel) -> None:
        self._uptake = uptake
        squares = np.zeros(uptake.movie.shape[1])
        for h_f in uptake.movie:
            squares += np.square(h_f, dtype=np.float64)
        self._length = np.sqrt(squares)
        self._nowhere = np.flatnonzero(squares == 0)

    def knows(self, i: int) -> bool:
        """Whether anybody took up movie `i`: else it is near to none."""
        return bool(self._length[i] > 0)

    def of(self, i: int, exclude: Columns = NOTHING) -> Near:
        """Up to K neighbours of a movie that it knows, without itself and `exclude`."""
        products = self._uptake.of(self._uptake.movie[:, i]).astype(np.float64)
        lengths = self._length[i] * self._length
        cosines: NDArray[np.float64] = np.divide(
            products, lengths, out=np.zeros(len(lengths)), where=lengths > 0
        )
        left_out = np.concatenate([self._nowhere, exclude, [i]])
        best = recommend(cosines, left_out, K)
        return Near(best, cosines[best].tolist())
