"""Ends this process when what it transfers stands still.

No client of storage has a limit for all of its waits. S3's, for one, asks the server before each
body whether to send it (`Expect: 100-continue`), and aiohttp waits for that answer, and for a peer
that stopped reading, for ever: `read_timeout` counts from when a body was sent. What waits so is a
thread that nothing can end but the end of its process, which all that use this are made for.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.transfer.life import Life
from infra.transfer.settings import TransferSettings
from movierec.cli import refuse
from movierec.errors import Unavailable

STATUS = 2


@contextmanager
def moving(told: Callable[[], str]) -> Iterator[None]:
    """While the block runs, end this process with status 2 and a line when nothing moved for
    TRANSFER_SECONDS; `told` says then what it was that moved nothing."""
    seconds = TransferSettings.from_environment().seconds
    if sys.platform != "linux":
        yield
        return
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(done, seconds, told), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _watch(done: threading.Event, seconds: float, told: Callable[[], str]) -> None:
    life, last = Life(os.getpid()), time.monotonic()
    while not done.wait(min(1.0, seconds / 4)):
        if life.moved():
            last = time.monotonic()
        elif time.monotonic() - last > seconds:
            refuse(Unavailable(stood_still(told(), seconds)))
            sys.stdout.flush()
            os._exit(STATUS)


def stood_still(what: str, seconds: float) -> str:
    """The line that says so.

    >>> print(stood_still("the DVC remote `s3`", 300))
    the DVC remote `s3`: nothing moved for 300 s (TRANSFER_SECONDS), and it was given up; run this \
again when it answers
    """
    return (
        f"{what}: nothing moved for {seconds:g} s (TRANSFER_SECONDS), and it was given up; run "
        f"this again when it answers"
    )
