"""Which answer of a user was the latest at a moment. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.vocabulary import lookup

Ints = NDArray[np.integer[Any]]


class Latest:
    """Answers in the order of (user, time); of those to one user at one time the last one counts.

    A pair is one whole number: the user's place × the moments there are + the moment's place.
    """

    def __init__(self, users: Ints, times: Ints) -> None:
        self._users, self._owner = np.unique(users, return_inverse=True)
        self._moments, moment = np.unique(times, return_inverse=True)
        self._pairs = self._owner * self._width + moment + 1

    @property
    def _width(self) -> int:
        return len(self._moments) + 1

    def place(self, users: NDArray[Any]) -> NDArray[np.int32]:
        """The place of each user among those who got an answer, or −1."""
        return lookup(self._users, users)

    def at(self, users: NDArray[Any], times: NDArray[Any]) -> Ints:
        """For each (user, time) the index of the user's latest answer at or before it, or −1.

        >>> Latest(np.array([1, 1, 2]), np.array([10, 20, 30])).at(
        ...     np.array([1, 1, 2, 3]), np.array([9, 25, 30, 40])).tolist()
        [-1, 1, 2, -1]
        """
        place = self.place(users).astype(np.int64)
        moment = np.searchsorted(self._moments, times, side="right")
        found = np.searchsorted(self._pairs, place * self._width + moment, side="right") - 1
        known = (place >= 0) & (found >= 0)
        known[known] = self._owner[found[known]] == place[known]
        return np.where(known, found, -1)

    def before(self, answers: Ints) -> Ints:
        """For each answer, by its index, that to the same user before it, or −1."""
        found = answers - 1
        return np.where((found >= 0) & (self._owner[found] == self._owner[answers]), found, -1)
