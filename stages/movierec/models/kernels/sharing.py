"""Rows shared out over threads: each is computed by itself, so who does is not to be seen in it."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import grouped

Part = tuple[int, int]
"""First and end of some rows that stand together."""
Work = Callable[[int, int], None]
"""What is done with a part, in a room that belongs to one thread."""

PARTS = 256
"""About how many there are: threads end together when what the last one holds is a small share."""
LEAST = 1 << 12
"""Entries of a part. To begin one costs what some hundreds of entries do."""


def parts_of(held: NDArray[np.int64]) -> list[Part]:
    """Rows in parts of about as many entries each; `held[r]` stand before row r."""
    return list(grouped(held, max(LEAST, -(-int(held[-1]) // PARTS))))


def share_out(parts: list[Part], enter: Callable[[], Work], threads: int) -> None:
    """Do each of `parts` once, on as many threads, each of which enters a room of its own first.

    One takes parts from the front and the others from the back: where the largest rows stand first,
    one room alone grows to their size. After an error no part is begun, and it is raised.
    """
    left = deque(parts)

    def work(take: Callable[[], Part]) -> None:
        do = enter()
        for first, end in _until_none(take):
            do(first, end)

    threads = min(threads, len(parts))
    if threads <= 1:
        work(left.popleft)
        return
    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work, take) for take in [left.popleft, *[left.pop] * (threads - 1)]]
        try:
            wait(working, return_when=FIRST_EXCEPTION)
        finally:  # an interrupt ends it as an error does
            left.clear()
    for ended in working:
        ended.result()


def _until_none(take: Callable[[], Part]) -> Iterator[Part]:
    while True:
        try:
            part = take()
        except IndexError:
            return
        yield part
