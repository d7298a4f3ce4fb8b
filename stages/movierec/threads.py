"""How many threads a stage may use, and what one of them makes ahead. No byte depends on either."""

import argparse
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from movierec.cli import whole

T = TypeVar("T")
END: Any = object()


def threads(text: str) -> int:
    """How many the command line asks for: argparse's `type`. 0 is one for each core."""
    asked = whole(text)
    if asked < 0:
        raise argparse.ArgumentTypeError(f"{asked} is less than none")
    return asked or len(os.sched_getaffinity(0))


@contextmanager
def ahead(items: Iterable[T], threads: int) -> Iterator[Iterator[T]]:
    """The same items in the same order, each begun when the one before it is given: by another
    thread, where there may be more than one. Two are held at once.

    An error of theirs is raised where its item would have come. After the block none is begun.

    >>> with ahead(range(3), threads=2) as numbers:
    ...     list(numbers)
    [0, 1, 2]
    """
    making = iter(items)
    with ExitStack() as stack:
        if isinstance(making, Generator):
            stack.callback(making.close)
        if threads == 1:
            yield making
        else:  # its end is waited for before `making` is closed
            maker = stack.enter_context(ThreadPoolExecutor(1))
            yield _taken(lambda: maker.submit(next, making, END))


def _taken(begin: Callable[[], Future[T]]) -> Iterator[T]:
    begun = begin()
    while (item := begun.result()) is not END:
        begun = begin()
        yield item
