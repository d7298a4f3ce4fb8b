"""A rating as a table writes it → hundredths, as the log can hold it."""

import re
from enum import StrEnum
from typing import NamedTuple

NONE = -1
"""Hundredths of a row without rating: the movie was watched."""
LIMIT = 100
"""The log holds ratings below it, with two decimals."""
DECIMAL = re.compile(r"(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)")


class Zeros(StrEnum):
    """What a rating of zero means."""

    IMPLICIT = "implicit"
    """Watched and not rated; so does −1, as some tables have it."""
    RATING = "rating"
    REFUSE = "refuse"


class Value(NamedTuple):
    """One rating."""

    hundredths: int
    """NONE when the movie was watched alone."""
    fault: str = ""
    """Why it is no rating."""
    rounded: bool = False
    """Whether the table has more than two decimals."""


def value_of(text: str, zeros: Zeros) -> Value:
    """The rating that a field holds.

    >>> value_of(" 4.50", Zeros.RATING), value_of("3,666", Zeros.RATING).hundredths
    (Value(hundredths=450, fault='', rounded=False), 367)
    >>> value_of("0", Zeros.IMPLICIT).hundredths, value_of("7e1", Zeros.RATING).fault
    (-1, "the rating '7e1' is no number")
    """
    text = text.strip()
    if zeros is Zeros.IMPLICIT and text in ("-1", "-1.0"):
        return Value(NONE)
    if not text:
        return Value(NONE, "no rating: take the line out, or write 0 and give --zeros implicit")
    if re.fullmatch("-" + DECIMAL.pattern, text):
        return Value(NONE, f"the rating {text} is below 0, which the log cannot hold: add to all")
    if not DECIMAL.fullmatch(text):
        return Value(NONE, f"the rating {text[:20]!r} is no number")
    number = float(text.replace(",", "."))
    hundredths = round(number * 100)
    if hundredths >= 100 * LIMIT:
        return Value(NONE, f"the rating {text} is not below {LIMIT}, as the log's are: divide all")
    if hundredths == 0 and zeros is Zeros.IMPLICIT:
        return Value(NONE)
    if hundredths == 0 and zeros is Zeros.REFUSE:
        return Value(NONE, "the rating is 0, and --zeros refuse was given")
    return Value(hundredths, "", abs(number * 100 - hundredths) > 1e-6)
