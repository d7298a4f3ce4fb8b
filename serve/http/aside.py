"""Requests whose answer waits for somebody else, such as another service or a broker: they are
answered on threads of their own, so that nobody waits for them."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

THREADS = 8
MOST = 64
"""So many may be at work or wait for a thread; those that come on top are refused."""


class Aside:
    """Their threads, which begin with the first of them."""

    def __init__(self) -> None:
        self.at_work = 0
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aside")

    @property
    def full(self) -> bool:
        """Whether one more would be too many."""
        return self.at_work >= MOST

    def answer(self, make: Callable[[], bytes], then: Callable[[bytes], None]) -> None:
        """Make an answer on a thread, then hand it over on the loop that asks."""
        self.at_work += 1
        loop = asyncio.get_running_loop()

        def back(data: bytes) -> None:
            self.at_work -= 1
            then(data)

        def made(done: Future[bytes]) -> None:
            # At the end of a stop nobody waits for it: it never began, or the loop is closed.
            with contextlib.suppress(CancelledError, RuntimeError):
                loop.call_soon_threadsafe(back, done.result())

        self._pool.submit(make).add_done_callback(made)

    def close(self) -> None:
        """What is at work ends by itself; nothing begins any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
