"""The fast path of parsing: plain watch lines, 98.6 % of the log, straight from their bytes.

    2026-11-01T19:03:07.250,4711,GET /data/m/silent+river+1987/42.mpg

One compiled pass over a batch takes the lines that `events.parse` takes as watches and
leaves every other one alone, good or bad, for `events.parse` itself. Property tests hold
the two equal.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from movierec.lines.events import (
    MAX_LINE_BYTES,
    MAX_MINUTE_DIGITS,
    MAX_MOVIE_BYTES,
    MAX_USER_DIGITS,
    MOVIE_LETTERS,
    Watch,
)
from movierec.times import FIRST_YEAR, LAST_YEAR, NO_SECONDS, SECOND

ACTION = np.frombuffer(f",{Watch.START}".encode(), np.uint8)
SUFFIX = np.frombuffer(b".mpg", np.uint8)
SLUG = np.zeros(256, np.bool_)
SLUG[np.frombuffer(MOVIE_LETTERS.encode(), np.uint8)] = True


class WatchLines(NamedTuple):
    """What the fast path read of n lines; a row counts only where `taken`."""

    taken: NDArray[np.bool_]
    time: NDArray[np.int64]
    digits: NDArray[np.uint8]
    user: NDArray[np.int64]
    minute: NDArray[np.int32]
    movies: pa.StringArray
    """One a taken line, in order."""


def read_watches(values: pa.LargeBinaryArray) -> WatchLines:
    """Read the plain watch lines among `values`."""
    if values.null_count:
        values = values.fill_null(b"")
    n = len(values)
    _, offsets, data = values.buffers()
    starts = np.frombuffer(offsets, np.int64)[values.offset : values.offset + n + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    taken, digits = np.zeros(n, np.bool_), np.zeros(n, np.uint8)
    time, user = np.zeros(n, np.int64), np.zeros(n, np.int64)
    minute = np.zeros(n, np.int32)
    slugs = np.empty(int(starts[-1] - starts[0]) if n else 0, np.uint8)
    ends = np.zeros(n + 1, np.int32)
    count, size = _read(text, starts, taken, time, digits, user, minute, slugs, ends)
    movies = pa.StringArray.from_buffers(
        count, pa.py_buffer(ends[: count + 1]), pa.py_buffer(slugs[:size])
    )
    return WatchLines(taken, time, digits, user, minute, movies)


@njit(cache=True)
def _read(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    taken: NDArray[np.bool_],
    time: NDArray[np.int64],
    digits: NDArray[np.uint8],
    user: NDArray[np.int64],
    minute: NDArray[np.int32],
    slugs: NDArray[np.uint8],
    ends: NDArray[np.int32],
) -> tuple[int, int]:
    """Fill in the columns; returns how many lines were taken and the bytes of their slugs."""
    count = size = 0
    for row in range(len(taken)):
        at, end = starts[row], starts[row + 1]
        if end - at > MAX_LINE_BYTES:
            continue
        at, moment, fraction = _time(text, at, end)
        if at < 0 or at == end or text[at] != 44:  # a comma
            continue
        at, number = _number(text, at + 1, end, MAX_USER_DIGITS)
        if at < 0:
            continue
        slug = _after(text, at, end, ACTION)
        if slug < 0:
            continue
        at = slug
        while at < end and SLUG[text[at]]:
            at += 1
        length = at - slug
        if not 1 <= length <= MAX_MOVIE_BYTES or at == end or text[at] != 47:  # a slash
            continue
        at, watched = _number(text, at + 1, end, MAX_MINUTE_DIGITS)
        if at < 0 or _after(text, at, end, SUFFIX) != end:
            continue
        taken[row], time[row], digits[row] = True, moment, fraction
        user[row], minute[row] = number, watched
        for k in range(length):
            slugs[size + k] = text[slug + k]
        size += length
        count += 1
        ends[count] = size
    return count, size


@njit(cache=True)
def _time(text: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """(where it ends, ns since 1970, digits) of a time; where is -1 when it is none."""
    none = (-1, 0, 0)
    if end - at < 16:
        return none
    for k in range(16):
        c = text[at + k]
        if k == 4 or k == 7:
            if c != 45:  # a dash
                return none
        elif k == 10:
            if c != 84:  # T
                return none
        elif k == 13:
            if c != 58:  # a colon
                return none
        elif not 48 <= c <= 57:
            return none
    year = _two(text, at) * 100 + _two(text, at + 2)
    month, day = _two(text, at + 5), _two(text, at + 8)
    hour, minute = _two(text, at + 11), _two(text, at + 14)
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and hour < 24 and minute < 60):
        return none
    if not 1 <= day <= _days_in(year, month):
        return none
    seconds = (_days_since_1970(year, month, day) * 24 + hour) * 3600 + minute * 60
    at += 16
    if at == end or text[at] != 58:
        return at, seconds * SECOND, NO_SECONDS
    if end - at < 3 or not (48 <= text[at + 1] <= 53 and 48 <= text[at + 2] <= 57):
        return none
    nanoseconds = (seconds + _two(text, at + 1)) * SECOND
    at += 3
    if at == end or text[at] != 46:  # a dot
        return at, nanoseconds, 0
    at += 1
    fraction, count = 0, 0
    while at < end and 48 <= text[at] <= 57 and count < 10:
        fraction = fraction * 10 + (text[at] - 48)
        count += 1
        at += 1
    if count != 3 and count != 6 and count != 9:
        return none
    for _ in range(9 - count):
        fraction *= 10
    return at, nanoseconds + fraction, count


@njit(cache=True)
def _two(text: NDArray[np.uint8], at: int) -> int:
    """Two digits as a number."""
    return (int(text[at]) - 48) * 10 + int(text[at + 1]) - 48


@njit(cache=True)
def _days_in(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@njit(cache=True)
def _days_since_1970(year: int, month: int, day: int) -> int:
    """Days of the Gregorian calendar: years begin in March, so that leap days come last."""
    y = year - 1 if month <= 2 else year
    m = month + 9 if month <= 2 else month - 3
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 719_469


@njit(cache=True)
def _number(text: NDArray[np.uint8], at: int, end: int, most: int) -> tuple[int, int]:
    """(where it ends, value) of a whole number of at most `most` digits without leading
    zeros; where is -1 when it is none."""
    first, value = at, 0
    while at < end and 48 <= text[at] <= 57 and at - first <= most:
        value = value * 10 + (text[at] - 48)
        at += 1
    length = at - first
    if length == 0 or length > most or (text[first] == 48 and length > 1):
        return -1, 0
    return at, value


@njit(cache=True)
def _after(text: NDArray[np.uint8], at: int, end: int, word: NDArray[np.uint8]) -> int:
    """Where `word` ends if it stands at `at`, else -1."""
    if end - at < len(word):
        return -1
    for k in range(len(word)):
        if text[at + k] != word[k]:
            return -1
    return at + len(word)
