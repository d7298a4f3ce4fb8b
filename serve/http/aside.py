"""Requests whose answer waits for somebody else, such as another service or a broker: they are
answered on threads of their own, so that nobody waits for them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

THREADS = 8
MOST = 64
"""So many may be at work or wait for a thread; those that come on top are refused."""
Work = Callable[[], None]


class Aside:
    """Their threads, which begin as they are needed. None of them keeps a process from its end:
    what they wait for, such as a name that is looked up, may have no limit of time."""

    def __init__(self) -> None:
        self.at_work = 0
        self._threads = 0
        self._asked: SimpleQueue[Work | None] = SimpleQueue()

    @property
    def full(self) -> bool:
        """Whether one more would be too many."""
        return self.at_work >= MOST

    def answer(self, make: Callable[[], bytes], then: Callable[[bytes], None]) -> None:
        """Make an answer on a thread, then hand it over on the loop that asks. `make` raises
        nothing."""
        self.at_work += 1
        loop = asyncio.get_running_loop()

        def back(data: bytes) -> None:
            self.at_work -= 1
            then(data)

        def work() -> None:
            data = make()
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits for it
                loop.call_soon_threadsafe(back, data)

        self._asked.put(work)
        if self._threads < min(self.at_work, THREADS):
            self._threads += 1
            name = f"aside-{self._threads}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (work := self._asked.get()) is not None:
            work()

    def close(self) -> None:
        """What is at work ends by itself, and nobody waits for it; nothing begins any more."""
        with contextlib.suppress(Empty):
            while True:
                self._asked.get_nowait()
        for _ in range(self._threads):
            self._asked.put(None)
