"""Ids ↔ indices: the only place where ids become indices.

>>> movies = Vocabulary.of(np.array([b"jaws", b"alien"]), np.array([b"jaws", b"up"]))
>>> movies[[0, 2]].tolist()
[b'alien', b'up']
>>> movies.index(np.array([b"up", b"heat"])).tolist()
[2, -1]
>>> movies.find(b"jaws"), movies.find(b"heat")
(1, None)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.distinct import distinct
from movierec.mapped import release

TOGETHER = 1 << 25
"""Bytes of ids that wait to be joined with those known before."""


@dataclass(frozen=True)
class Vocabulary:
    """Distinct ids in ascending order; the index of an id is its place among them."""

    ids: NDArray[Any]
    """(n,) int64 users or bytes slugs."""

    @classmethod
    def of(cls, *columns: NDArray[Any]) -> "Vocabulary":
        """The ids that stand in any of `columns`; of one that is a map of a file, the pages are
        let go of."""
        waiting: list[NDArray[Any]] = []
        for column in columns:
            waiting.append(distinct(column))
            release([column])
            if sum(ids.nbytes for ids in waiting[1:]) > TOGETHER:
                waiting = [distinct(np.concatenate(waiting))]
        return cls(distinct(np.concatenate(waiting)))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, indices: Any) -> NDArray[Any]:
        """The ids at `indices`: numbers, a slice or a mask."""
        chosen: NDArray[Any] = self.ids[indices]
        return chosen

    def index(self, ids: NDArray[Any]) -> NDArray[np.int32]:
        """The index of each id; -1 for one that is not in the vocabulary."""
        return lookup(self.ids, ids)

    def find(self, id: int | bytes) -> int | None:
        """The index of one id, or None. Takes microseconds, and nothing is built for it."""
        # In the vocabulary's own type: for a longer slug NumPy would widen all of it. One that
        # is cut short by that differs from what is found.
        at = int(np.searchsorted(self.ids, np.array(id, self.ids.dtype)))
        return at if at < len(self.ids) and self.ids[at] == id else None


def lookup(ascending: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int32]:
    """The place of each value in `ascending`, which has no repeats; -1 where it is not there.

    >>> lookup(np.array([3, 5, 9]), np.array([9, 4, 3])).tolist()
    [2, -1, 0]
    """
    if len(ascending) == 0:
        return np.full(len(values), -1, np.int32)
    found = np.searchsorted(ascending, values)
    found[found == len(ascending)] = 0
    return np.where(ascending[found] == values, found, -1).astype(np.int32)
