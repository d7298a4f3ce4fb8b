"""Times: nanoseconds since 1970 in UTC, days since 1970, and the log's way to write a time.

>>> parse_time("2022-11-14T12:24")
(1668428640000000000, 255)
>>> format_time(*parse_time("2022-11-14T12:24:07.250"))
'2022-11-14T12:24:07.250'
>>> format_time(day_start(day_number("2022-11-14")), NO_SECONDS)
'2022-11-14T00:00'
"""

import re
from calendar import timegm
from datetime import date, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from movierec.errors import BadInput

Nanoseconds: TypeAlias = int
"""Since 1970 in UTC, or a length."""
Milliseconds: TypeAlias = int
"""Since 1970 in UTC, as Kafka counts them, or a length."""
Day: TypeAlias = int
"""A day's number: 0 is 1970-01-01."""

MILLISECOND: Final[Nanoseconds] = 1_000_000
SECOND: Final[Nanoseconds] = 1000 * MILLISECOND
MINUTE: Final[Nanoseconds] = 60 * SECOND
HOUR: Final[Nanoseconds] = 60 * MINUTE
DAY: Final[Nanoseconds] = 24 * HOUR
DAY_SECONDS: Final = DAY // SECOND

NO_SECONDS = 255
"""`digits` of a time that leaves out second and fraction (`2022-11-14T12:24`)."""

FIRST_YEAR, LAST_YEAR = 1970, 2261
"""Of the log: nanoseconds since 1970 must fit 64 bits."""
EPOCH = date(1970, 1, 1).toordinal()

TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})(?::([0-5][0-9])(?:\.([0-9]{3}|[0-9]{6}|[0-9]{9}))?)?"
)


def day_start(day: Day) -> Nanoseconds:
    """The first moment of a day."""
    return day * DAY


def day_name(day: Day) -> str:
    """`2022-11-14` of a day's number."""
    return date.fromordinal(EPOCH + day).isoformat()


def day_number(name: str) -> Day:
    """The number of the day `2022-11-14`. Raises ValueError when it is written otherwise.

    >>> day_number("1970-01-02")
    1
    >>> day_number("2026-13-01")
    Traceback (most recent call last):
    ValueError: '2026-13-01' is no day; expected YYYY-MM-DD
    """
    try:
        number = date.fromisoformat(name).toordinal() - EPOCH
    except ValueError:
        number = None
    # Python also reads 20221114 and 2022-W46-1.
    if number is None or day_name(number) != name:
        raise ValueError(f"{name!r} is no day; expected YYYY-MM-DD")
    return number


def day_argument(text: str) -> str:
    """A day on a command line: argparse's `type`. Raises BadInput for anything else."""
    try:
        return day_name(day_number(text))
    except ValueError as error:
        raise BadInput(str(error)) from None


def parse_time(text: str) -> tuple[Nanoseconds, int] | None:
    """(time, digits) as the log writes it, or None. `digits` is how many the fraction has."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    minute, second, fraction = match.groups()
    start = _minute_start(minute)
    if start is None:
        return None
    if second is None:
        return start, NO_SECONDS
    if fraction is None:
        return start + int(second) * SECOND, 0
    digits = len(fraction)
    return start + int(second) * SECOND + int(fraction) * 10 ** (9 - digits), digits


@lru_cache(maxsize=100_000)
def _minute_start(text: str) -> Nanoseconds | None:
    """The time of `2022-11-14T12:24`, or None when there is no such minute or it does not fit."""
    # Later Pythons take hour 24.
    if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR or text[11:13] > "23":
        return None
    try:
        return timegm(datetime.fromisoformat(text).timetuple()) * SECOND
    except ValueError:
        return None


def format_time(time: Nanoseconds, digits: int) -> str:
    """The text of a time: the inverse of `parse_time`."""
    seconds, fraction = divmod(time, SECOND)
    text = _second_text(seconds)
    if digits == NO_SECONDS:
        return text[:16]
    return text if digits == 0 else f"{text}.{fraction:09d}"[: 20 + digits]


def _second_text(seconds: int) -> str:
    days, rest = divmod(seconds, DAY_SECONDS)
    return f"{day_name(days)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
