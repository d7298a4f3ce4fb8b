"""Waiting for what must come true."""

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 120.0, step: float = 0.02) -> None:
    """Look every `step` s until it is true, for so many seconds at most."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(step)
