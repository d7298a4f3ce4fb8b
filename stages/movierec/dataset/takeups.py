"""When movies were taken up, counted in fixed memory: all take-ups wait in a file, in the order of
users and apart by day, until it is known what each user weighs.

Sums of weights are of numbers that binary fractions may not hold: they are added user by user in
ascending order, so that the bits do not depend on how users were dealt into blocks.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import Draft
from movierec.dataset.distinct import begins, sorted_order
from movierec.dataset.matrix import TakeUps
from movierec.dataset.pairs import Pairs
from movierec.mapped import release
from movierec.times import SECOND

HOUR = 3600 * SECOND
HOURS = 24
ROW = np.dtype([("user", np.int32), ("hour", np.int32), ("movie", np.int32)])


class Waiting:
    """Take-ups of pairs, first come of watch and rating."""

    def __init__(self, draft: Draft) -> None:
        self.rows = draft.scratch(ROW)
        self.days: dict[int, list[slice]] = {}
        """Day since 1970 → where its rows are, by ascending users."""

    def add(self, start: int, rated: Pairs, watched: Pairs) -> None:
        """Those of a block of users from `start` on; blocks come in the order of users."""
        known = watched.hold(rated)
        time, first = watched.time.copy(), rated.time
        at = np.flatnonzero(rated.hold(watched))
        time[at] = np.minimum(time[at], first[known])
        alone = rated[~known]
        user = np.concatenate([watched.u, alone.u]).astype(np.int64) + start
        hour = np.concatenate([time, alone.time]) // HOUR
        movie = np.concatenate([watched.i, alone.i])
        if not len(user):
            return
        day = hour // HOURS
        days = day - day.min()
        order = sorted_order(days * (int(user.max()) + 1) + user)
        rows = np.empty(len(user), ROW)
        for name, column in zip(ROW.names or (), (user, hour, movie), strict=True):
            rows[name] = column[order]
        bounds = np.append(np.flatnonzero(begins(day[order])), len(order))
        for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            place = slice(self.rows.length + low, self.rows.length + high)
            self.days.setdefault(int(day[order[low]]), []).append(place)
        self.rows.append(rows)

    def weighed(self, weight: NDArray[np.float32]) -> Iterator[TakeUps]:
        """Who took up a movie in an hour, day by day; `weight` is of each user of the window."""
        kept = self.rows.read()
        for _, places in sorted(self.days.items()):
            rows = np.concatenate([kept[place] for place in places])
            release([kept])
            # Of 24 hours and any number of movies, both as one number.
            keys = (rows["hour"] % HOURS).astype(np.int64) << 32 | rows["movie"]
            order = sorted_order(keys)
            rows, new = rows[order], begins(keys[order])
            users = np.bincount(np.cumsum(new) - 1, weight[rows["user"]])
            yield TakeUps(rows["hour"][new], rows["movie"][new], users.astype(np.float32))
