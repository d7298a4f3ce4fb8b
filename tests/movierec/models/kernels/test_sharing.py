"""Parts of rows shared out: each done once, in a room of its thread's own, and no error is lost."""

import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.models.kernels import sharing
from movierec.models.kernels.sharing import LEAST, PARTS, Work, parts_of, share_out

MANY = [(first, first + 1) for first in range(50)]


class Rooms:
    """Notes who did what, one list of parts a room."""

    def __init__(self, threads: int = 1) -> None:
        self.done: list[list[int]] = []
        self.all_in = threading.Barrier(threads, timeout=30)

    def enter(self) -> Work:
        own: list[int] = []
        self.done.append(own)
        self.all_in.wait()

        def do(first: int, end: int) -> None:
            own.extend(range(first, end))

        return do


@given(st.lists(st.integers(0, 3 * LEAST), max_size=60))
def test_parts_hold_all_rows_in_order(counts: list[int]) -> None:
    held = np.append(0, np.cumsum(np.array(counts, np.int64)))
    parts = parts_of(held)
    assert [row for first, end in parts for row in range(first, end)] == list(range(len(counts)))
    assert all(held[end] - held[first] <= LEAST for first, end in parts if end - first > 1)


def test_many_entries_are_in_a_few_hundred_parts_of_about_as_many() -> None:
    held = np.arange(0, 300 * PARTS * LEAST, 300)
    parts = parts_of(held)
    assert PARTS <= len(parts) <= 1.1 * PARTS
    assert np.ptp([held[end] - held[first] for first, end in parts[:-1]]) == 0


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_each_part_is_done_once_on_so_many_threads(threads: int) -> None:
    rooms = Rooms(threads)
    share_out(MANY, rooms.enter, threads)
    assert len(rooms.done) == threads
    assert sorted(row for own in rooms.done for row in own) == list(range(50))


def test_one_room_has_the_first_parts_and_the_others_take_from_the_end() -> None:
    """So where the largest stand first one room alone is as large."""
    rooms, half = Rooms(2), threading.Barrier(2, timeout=30)

    def enter() -> Work:
        do = rooms.enter()

        def in_step(first: int, end: int) -> None:
            do(first, end)
            half.wait()

        return in_step

    share_out(MANY, enter, 2)
    assert sorted(rooms.done) == [list(range(25)), list(range(49, 24, -1))]


@pytest.mark.parametrize("threads", [0, 1])
def test_alone_it_works_where_it_stands(threads: int) -> None:
    places = []

    def enter() -> Work:
        places.append(threading.current_thread())
        return lambda *_: None

    share_out(MANY, enter, threads)
    assert places == [threading.current_thread()]


def test_no_thread_is_without_a_part() -> None:
    rooms = Rooms(3)
    share_out(MANY[:3], rooms.enter, 40)
    assert len(rooms.done) == 3
    share_out([], Rooms().enter, 40)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("error", [MemoryError, IndexError])
def test_an_error_surfaces_and_ends_it(
    threads: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """IndexError too, by which a thread finds that nothing is left."""
    over, begun = threading.Event(), []

    class Left(deque[tuple[int, int]]):
        def clear(self) -> None:
            super().clear()
            over.set()

    def enter() -> Work:
        def do(first: int, end: int) -> None:
            begun.append(first)
            if len(begun) == 1:
                raise error("of one part")
            over.wait(5)

        return do

    monkeypatch.setattr(sharing, "deque", Left)
    with pytest.raises(error, match="of one part"):
        share_out(MANY[:9], enter, threads)
    assert len(begun) <= threads
