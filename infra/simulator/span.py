"""Which days a log can tell of: what the collector would refuse is refused before it is sent."""

from typing import Final

from movierec.errors import BadInput
from movierec.times import LAST_YEAR, Day, day_name, day_number

END: Final[Day] = day_number(f"{LAST_YEAR + 1}-01-01")
"""The first day that the log's times do not reach."""


def first_day(text: str) -> Day:
    """A day on a command line: argparse's `type`. Raises BadInput for another form than YYYY-MM-DD,
    which Python alone would take, and for a day before 1970.

    >>> first_day("1970-01-02")
    1
    """
    try:
        day = day_number(text)
    except ValueError as error:
        raise BadInput(f"--first-day: {error}") from None
    if day < 0:
        raise BadInput(f"--first-day {text} is before 1970, where the log's times begin")
    return day


def refuse_beyond(first: Day, days: int) -> None:
    """Raises BadInput when `days` from `first` on, and the one after, leave the log's times."""
    if first + days >= END:
        raise BadInput(
            f"{days} days from {day_name(first)} on go past {day_name(END - 1)}, "
            "where the log's times end"
        )
