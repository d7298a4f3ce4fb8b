"""One line on a terminal that is written over; nothing in a pipe."""

import sys
import time
from typing import Any, TextIO


class Progress:
    """Lines so far and lines a second since the last time it was shown."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._since = time.monotonic()
        self._read = 0

    def show(self, totals: dict[str, Any], last: bool = False) -> None:
        """Write the line anew; `last` leaves it standing."""
        if not self._terminal:
            return
        now = time.monotonic()
        rate = (totals["read"] - self._read) / max(now - self._since, 1e-9)
        self._since, self._read = now, totals["read"]
        text = (
            f"{totals['read']:,} lines · {totals['rejected']:,} rejected · {rate:,.0f}/s · "
            f"lag {totals['lag']:,} · {totals['days']:,} days closed"
        )
        self._stream.write(f"\r\x1b[K{text}" + ("\n" if last else ""))
        self._stream.flush()
