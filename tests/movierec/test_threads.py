"""Threads are as many as asked for; what one makes ahead comes in order, and one item at most."""

import argparse
import os
import threading
from collections.abc import Iterator

import pytest

from movierec.threads import ahead, threads


def test_a_thread_a_core_where_no_number_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(5 + process)))
    assert [threads(text) for text in ("0", "1", "7")] == [5, 1, 7]
    with pytest.raises(argparse.ArgumentTypeError, match="-1 is less than none"):
        threads("-1")


@pytest.mark.parametrize("count", [0, 1, 50])
@pytest.mark.parametrize("threads", [1, 2, 9])
def test_all_come_in_their_order(count: int, threads: int) -> None:
    with ahead(range(count), threads) as items:
        assert list(items) == list(range(count))


def test_the_next_is_made_while_one_is_worked_on_and_no_other() -> None:
    made = [threading.Event() for _ in range(4)]

    def making() -> Iterator[int]:
        for n, event in enumerate(made):
            event.set()
            yield n

    with ahead(making(), 2) as items:
        assert next(items) == 0
        assert made[1].wait(60) and not made[2].wait(0.1)
        assert next(items) == 1
        assert made[2].wait(60)


def test_alone_nothing_is_made_before_it_is_asked_for() -> None:
    made: list[int] = []
    with ahead((made.append(n) or n for n in range(9)), 1) as items:  # type: ignore[func-returns-value]
        assert (next(items), next(items), made) == (0, 1, [0, 1])


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_comes_where_its_item_would(threads: int) -> None:
    def failing() -> Iterator[int]:
        yield 0
        raise OSError("no more")

    with ahead(failing(), threads) as items:
        assert next(items) == 0
        with pytest.raises(OSError, match="no more"):
            next(items)


@pytest.mark.parametrize("threads", [1, 2])
def test_who_leaves_early_leaves_nothing_open(threads: int) -> None:
    """Neither a thread nor the file of a reader."""
    closed = []

    def reading() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    before = threading.active_count()
    with pytest.raises(KeyError), ahead(reading(), threads) as items:
        next(items)
        raise KeyError
    assert closed and threading.active_count() == before
