"""Columns of times → seconds since 1970: numbers in s, ms, µs or ns, or ISO 8601.

An ISO time without zone is taken as UTC, a date as its midnight. Fractions of a second are cut.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.times import SECOND

NUMBER = r"[0-9]+(?:\.[0-9]*)?(?:[eE]\+?[0-9]+)?"
ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$"
ZONE = r":[0-9.]+(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"
LOOKS_LATE = 1e8
"""A number from here on is a time and no rating: 1973 in seconds."""
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
ENDS = (10**11, 10**14, 10**17)
"""Seconds end here (in the year 5138), ms begin (1973), and so on."""


class Parsed(NamedTuple):
    """Some times, as whole numbers in the file's own unit."""

    numbers: NDArray[np.int64]
    bad: int | None = None
    """The first row that is no time."""


def is_iso(text: str) -> bool:
    """Whether a time is written so.

    >>> is_iso("2013-04-03 22:45"), is_iso("1365029107")
    (True, False)
    """
    return bool(pc.match_substring_regex(pa.array([text]), "^" + ISO)[0].as_py())


def parse_numbers(texts: pa.StringArray) -> Parsed:
    """Of numbers; decimals are cut."""
    if pc.all(pc.ascii_is_decimal(texts)).as_py() and pc.max(pc.binary_length(texts)).as_py() < 19:
        return Parsed(texts.cast(pa.int64()).to_numpy())
    trimmed = pc.utf8_trim_whitespace(texts)
    good = pc.match_substring_regex(trimmed, f"^{NUMBER}$")
    numbers = pc.if_else(good, trimmed, "0").cast(pa.float64())
    good = pc.and_(good, pc.less(numbers, 2.0**63))
    numbers = pc.floor(pc.if_else(good, numbers, 0.0)).cast(pa.int64())
    return Parsed(numbers.to_numpy(), _first_bad(good))


def parse_iso(texts: pa.StringArray) -> Parsed:
    """Of ISO 8601, in seconds."""
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), " ?(UTC|GMT)$", "Z")
    trimmed = pc.replace_substring_regex(trimmed, r" ([+-][0-9:]+)$", r"\1")
    zoned = pc.match_substring_regex(trimmed, ZONE).to_numpy(zero_copy_only=False)
    numbers = np.zeros(len(texts), np.int64)
    bad: list[int] = []
    for chosen, kind in ((zoned, pa.timestamp("ns", "UTC")), (~zoned, pa.timestamp("ns"))):
        places = np.flatnonzero(chosen)
        part = trimmed.take(pa.array(places))
        try:
            numbers[places] = part.cast(kind).cast(pa.int64()).to_numpy() // SECOND
        except pa.ArrowInvalid:
            bad.append(int(places[_first_uncast(part, kind)]))
    return Parsed(numbers, min(bad, default=None))


def to_seconds(numbers: NDArray[np.int64]) -> tuple[str, int | None]:
    """Turn numbers of whatever unit into seconds, in place: (the unit, None), or (the unit of
    the first, the first row whose number is of another). Zero is of every unit."""
    some = numbers[numbers != 0][:1].tolist()
    unit = _unit(some[0]) if some else 0
    low, high = (0, *ENDS)[unit], (*ENDS, 2**63 - 1)[unit]
    wrong = ((numbers < low) | (numbers >= high)) & (numbers != 0)
    if wrong.any():
        return UNITS[unit], int(np.argmax(wrong))
    numbers //= 1000**unit
    return UNITS[unit], None


def _unit(number: int) -> int:
    """0 for seconds, 1 for ms, and so on.

    >>> _unit(1365029107), _unit(1365029107000)
    (0, 1)
    """
    return sum(number >= end for end in ENDS)


def _first_bad(good: pa.BooleanArray) -> int | None:
    flags = good.to_numpy(zero_copy_only=False)
    return None if flags.all() else int(np.argmin(flags))


def _first_uncast(texts: pa.StringArray, kind: pa.DataType) -> int:
    """The first of some texts that cannot be cast."""
    low, high = 0, len(texts)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            texts[low:middle].cast(kind)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low
