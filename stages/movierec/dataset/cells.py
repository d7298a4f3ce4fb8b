"""Watch lines as bitmaps of minutes: of a (user, movie) and 64 minutes one cell, in a hash table.

A viewing of two hours is two cells and not 120 lines, and which minutes were watched is exact for
any minute. A line that stands there twice is one of a minute that is told twice.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

CELL = np.dtype(
    [
        ("user", "<i8"),
        ("key", "<i8"),  # movie << 32 | minute // 64
        ("bits", "<u8"),  # 1 << minute % 64; none where the cell is free
        ("again", "<u8"),  # those of minutes that more than one line tells
        ("first", "<i8"),
        ("last", "<i8"),
    ]
)
FIRST = 1 << 16
"""Cells of a table that is begun. A table is at most half full."""


class Full(Exception):
    """There are more cells, or lines to look at, than may be."""


class Watches(NamedTuple):
    """Watch lines, in columns."""

    user: NDArray[np.int64]
    movie: NDArray[np.int32]
    """Numbers, whatever they stand for."""
    minute: NDArray[np.int32]
    time: NDArray[np.int64]
    digits: NDArray[np.uint8]


class Cells:
    """The cells of some watch lines, at most `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._table = np.zeros(FIRST, CELL)
        self._used = 0

    def add(self, lines: Watches) -> None:
        """Put lines into their cells. Raises Full when those are too many."""
        at, (user, movie, minute, time, _) = 0, lines
        while at < len(user):
            limit = min(self.most, len(self._table) // 2)
            self._used, at = _add(self._table, self._used, limit, at, user, movie, minute, time)
            if at < len(user) and self._used == self.most:
                raise Full
            if at < len(user):
                larger = np.zeros(2 * len(self._table), CELL)
                _move(self._table, larger)
                self._table = larger

    def rows(self) -> NDArray[np.void]:
        """The cells in use, ascending by user, movie and minutes."""
        cells = self._table[self._table["bits"] != 0]
        ordered: NDArray[np.void] = cells[np.lexsort((cells["key"], cells["user"]))]
        return ordered

    def suspects(self) -> "Suspects":
        """The minutes, as they are now, that more than one line tells."""
        return Suspects(self._table[self._table["again"] != 0])


class Suspects:
    """The minutes of some cells that more than one line tells: in a table of their own, which is
    small enough for the core's cache."""

    def __init__(self, cells: NDArray[np.void]) -> None:
        self.any = len(cells) > 0
        self._table = np.zeros(2 << len(cells).bit_length(), CELL)
        _move(cells, self._table)

    def among(self, lines: Watches) -> NDArray[np.bool_]:
        """Which of `lines`, all put in before, tell one of them."""
        found: NDArray[np.bool_] = _among(self._table, lines.user, lines.movie, lines.minute)
        return found


def watched(cells: NDArray[np.void]) -> list[NDArray[np.generic]]:
    """Of cells as `rows` gives them: user, movie, distinct minutes, first and last watch of each
    (user, movie), ascending."""
    movie = cells["key"] >> 32
    new = np.ones(len(cells), bool)
    new[1:] = (cells["user"][1:] != cells["user"][:-1]) | (movie[1:] != movie[:-1])
    starts = np.flatnonzero(new)
    if not len(starts):
        return [cells["user"], movie, movie, cells["first"], cells["last"]]
    minutes = np.add.reduceat(np.bitwise_count(cells["bits"]).astype(np.int32), starts)
    first = np.minimum.reduceat(cells["first"], starts)
    last = np.maximum.reduceat(cells["last"], starts)
    return [cells["user"][starts], movie[starts].astype(np.int32), minutes, first, last]


@njit(cache=True, nogil=True)
def _place(table: NDArray[np.void], user: int, key: int) -> int:
    """Where the cell of a key is, or the free one where it would be."""
    x = np.uint64(user) * np.uint64(0x9E3779B97F4A7C15)
    x ^= np.uint64(key) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    last = np.uint64(len(table) - 1)
    place = (x ^ (x >> np.uint64(32))) & last
    while table[place].bits != 0 and (table[place].user != user or table[place].key != key):
        place = (place + np.uint64(1)) & last
    return place  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def _key(movie: int, minute: int) -> int:
    return np.int64(movie) << 32 | np.int64(minute >> 6)  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def _add(
    table: NDArray[np.void],
    used: int,
    limit: int,
    start: int,
    user: NDArray[np.int64],
    movie: NDArray[np.int32],
    minute: NDArray[np.int32],
    time: NDArray[np.int64],
) -> tuple[int, int]:
    """Put in the lines from `start` on, until one needs a cell more than `limit`; the cells in use
    then, and that line."""
    for n in range(start, len(user)):
        key = _key(movie[n], minute[n])
        cell, bit = table[_place(table, user[n], key)], np.uint64(1) << np.uint64(minute[n] & 63)
        if cell.bits == 0:
            if used == limit:
                return used, n
            used += 1
            cell.user, cell.key = user[n], key
            cell.first = cell.last = time[n]
        cell.first = min(cell.first, time[n])
        cell.last = max(cell.last, time[n])
        cell.again |= cell.bits & bit
        cell.bits |= bit
    return used, len(user)


@njit(cache=True, nogil=True)
def _move(cells: NDArray[np.void], larger: NDArray[np.void]) -> None:
    """Put cells, or those of a table, into a larger table, which is empty."""
    for n in range(len(cells)):
        if cells[n].bits:
            larger[_place(larger, cells[n].user, cells[n].key)] = cells[n]


@njit(cache=True, nogil=True)
def _among(
    table: NDArray[np.void],
    user: NDArray[np.int64],
    movie: NDArray[np.int32],
    minute: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Whether more than one line tells each line's minute."""
    found = np.zeros(len(user), np.bool_)
    for n in range(len(user)):
        again = table[_place(table, user[n], _key(movie[n], minute[n]))].again
        found[n] = again >> np.uint64(minute[n] & 63) & np.uint64(1)
    return found
