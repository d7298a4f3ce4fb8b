"""Events of pairs: the last of each, and minutes over all days."""

import numpy as np

from movierec.dataset.pairs import Pairs, Ratings, Watches


def column(*values: float) -> np.ndarray:
    return np.array(values)


def test_the_last_event_of_each_pair_stays() -> None:
    ratings = Ratings(
        column(0, 0, 0, 1, 1), column(2, 2, 3, 3, 3), column(1, 2, 3, 4, 5), column(7, 8, 9, 6, 7)
    )
    last = ratings.last()
    assert last.rating.tolist() == [2, 3, 5]
    assert last.time.tolist() == [8, 9, 7]
    pairs = Pairs.of(last)
    assert (pairs.u.tolist(), pairs.i.tolist()) == ([0, 0, 1], [2, 3, 3])
    some = pairs[np.array([True, False, True])]
    assert (some.u.tolist(), some.i.tolist(), some.value.tolist()) == ([0, 1], [2, 3], [2, 5])
    assert some.time.tolist() == [8, 7]
    assert ratings[np.zeros(5, bool)].last().u.tolist() == []


def test_minutes_of_a_pair_are_added_up() -> None:
    times = column(4, 3, 2, 1, 0)
    watches = Watches(
        column(0, 0, 1, 1, 2), column(1, 1, 1, 2, 2), column(5, 6, 1, 2, 3), times, times
    )
    total = watches.total()
    assert total.value.tolist() == [11, 1, 2, 3]
    assert total.value.dtype == np.float32
    assert total.time.tolist() == [3, 2, 1, 0]  # the first of all days
    assert (total.u.tolist(), total.i.tolist()) == ([0, 1, 1, 2], [1, 1, 2, 2])
    assert watches[np.zeros(5, bool)].total().value.tolist() == []


def test_pairs_are_held_whole() -> None:
    def pairs(*some: tuple[int, int]) -> Pairs:
        u, i = np.array(some, np.int32).reshape(-1, 2).T
        return Pairs(u, i, np.zeros(len(u), np.float32), np.zeros(len(u), np.int64))

    held = pairs((0, 2), (1, 1)).hold(pairs((0, 1), (0, 2), (1, 1), (2, 1)))
    assert held.tolist() == [False, True, True, False]
    assert pairs().hold(pairs((0, 1))).tolist() == [False]
