"""Days that a log can tell of."""

import pytest

from infra.simulator.span import END, first_day, refuse_beyond
from movierec.errors import BadInput
from movierec.times import DAY, SECOND, format_time, parse_time


def test_the_end_is_the_first_day_that_a_line_cannot_tell() -> None:
    assert parse_time("2262-01-01T00:00") is None
    assert format_time(END * DAY - SECOND, 0) == "2261-12-31T23:59:59"
    assert parse_time("2261-12-31T23:59:59") == (END * DAY - SECOND, 0)


@pytest.mark.parametrize(
    "text", ["2026-W05-1", "20261101", "2026-11-1", "2026-11-31", "1969-12-31", "tomorrow", ""]
)
def test_a_first_day_is_a_date_in_one_form_and_of_the_log(text: str) -> None:
    with pytest.raises(BadInput, match="--first-day"):
        first_day(text)


def test_days_past_the_end_are_refused_with_the_day_after_them() -> None:
    refuse_beyond(END - 2, 1)
    with pytest.raises(BadInput, match="2 days from 2261-12-30 on go past 2261-12-31"):
        refuse_beyond(END - 2, 2)
