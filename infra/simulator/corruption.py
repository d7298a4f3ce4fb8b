"""What happens to one line in a thousand on its way into a real log."""

import numpy as np
from numpy.typing import NDArray

from movierec.lines.events import Rating, Watch

SHARE = 0.001
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
PRINTABLE = bytes(range(0x21, 0x7F))


def corrupt(random: np.random.Generator, lines: list[bytes]) -> NDArray[np.bool_]:
    """Corrupt SHARE of `lines` in place; returns which."""
    chosen: NDArray[np.bool_] = random.random(len(lines)) < SHARE
    for row in np.flatnonzero(chosen).tolist():
        lines[row] = _corrupted(random, lines[row])
    return chosen


def _corrupted(random: np.random.Generator, line: bytes) -> bytes:
    """The line with a space or a character inserted anywhere, or its movie id replaced."""
    way = random.integers(0, 3)
    start, end = _movie(line)
    if way == 2 and start < end:
        return line[:start] + _some(random, LETTERS, end - start) + line[end:]
    at = random.integers(0, len(line) + 1)
    return line[:at] + (b" " if way == 0 else _some(random, PRINTABLE, 1)) + line[at:]


def _some(random: np.random.Generator, alphabet: bytes, count: int) -> bytes:
    return bytes(alphabet[k] for k in random.integers(0, len(alphabet), count))


def _movie(line: bytes) -> tuple[int, int]:
    """Where the movie id of a watch or rating line stands; an empty range if there is none."""
    for event, after in ((Watch, b"/"), (Rating, b"=")):
        before = event.START.encode()
        if (at := line.find(before)) >= 0:
            start = at + len(before)
            return start, line.rindex(after)
    return 0, 0
