"""Days and times by their names and numbers."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.errors import BadInput
from movierec.times import (
    DAY,
    EPOCH,
    SECOND,
    day_argument,
    day_name,
    day_number,
    day_start,
    format_time,
    parse_time,
)
from tests.inputs.lines import times

DAYS = st.dates(date(1970, 1, 1), date(2261, 12, 31))


@given(DAYS)
def test_a_day_has_one_number_and_one_name(day: date) -> None:
    number = day_number(day.isoformat())
    assert number == (day - date(1970, 1, 1)).days == day.toordinal() - EPOCH
    assert day_name(number) == day.isoformat()
    assert day_start(number) == number * 86_400 * 10**9


@pytest.mark.parametrize(
    "text", ["2026-13-01", "2026-02-30", "20261101", "2026-W46-1", "1.11.2026", "today", ""]
)
def test_what_is_no_day_is_named_beside_what_is(text: str) -> None:
    said = f"'{text}' is no day; expected YYYY-MM-DD"
    with pytest.raises(ValueError, match=said):
        day_number(text)
    with pytest.raises(BadInput, match=said):
        day_argument(text)


def test_a_day_on_the_command_line_is_its_name() -> None:
    assert day_argument("2026-11-01") == "2026-11-01"


@given(times())
def test_a_time_is_written_back_to_the_character(text: str) -> None:
    moment = parse_time(text)
    if moment is not None:
        assert format_time(*moment) == text
        seconds = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp()
        assert moment[0] // SECOND == seconds


@pytest.mark.parametrize("text", ["1969-12-31T23:59", "2262-01-01T00:00", "2026-11-01T24:00"])
def test_times_that_no_line_may_have(text: str) -> None:
    assert parse_time(text) is None


def test_the_first_and_the_last_moment_of_the_log_fit_64_bits() -> None:
    assert parse_time("1970-01-01T00:00") == (0, 255)
    last = parse_time("2261-12-31T23:59:59.999999999")
    assert last is not None and last[0] % DAY == DAY - 1 and last[0] < 2**63
