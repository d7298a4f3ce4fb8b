"""How long something is tried again, and how long it waits between two tries."""

import time
from dataclasses import dataclass, field

from movierec.errors import Unavailable

FIRST, MOST = 0.5, 8.0
"""Seconds between two tries: doubled from the first, up to the last."""


@dataclass
class Patience:
    """`seconds` from the first fault on; an end of the faults is for its owner to see."""

    seconds: float
    wait_for: float = field(default_factory=lambda: FIRST, init=False)
    until: float | None = field(default=None, init=False)

    def wait(self, why: object, asked: float | None = None) -> None:
        """Say why, and wait: as long as `asked`, or twice as long as before. Raises Unavailable
        when that would be too long."""
        now = time.monotonic()
        self.until = now + self.seconds if self.until is None else self.until
        seconds = self.wait_for if asked is None else asked
        if now + seconds > self.until:
            raise Unavailable(f"{why}: so for {self.seconds:.0f} s, or it is to last longer")
        print(f"{why}; again in {seconds:g} s", flush=True)
        time.sleep(seconds)
        if asked is None:
            self.wait_for = min(2 * self.wait_for, MOST)
