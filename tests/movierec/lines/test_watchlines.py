"""The compiled fast path says what the parser says, of watches and of nothing else."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from movierec.lines.events import Watch, parse
from movierec.lines.watchlines import read_watches
from movierec.times import parse_time
from tests.inputs.lines import lines, times

GOOD = b"2026-11-01T19:03:07.250,4711,GET /data/m/silent+river+1987/42.mpg"


def taken(line: bytes) -> bool:
    return bool(read_watches(pa.array([line], pa.large_binary())).taken[0])


@given(lines())
@settings(max_examples=1500)
def test_the_fast_path_takes_the_watches_and_nothing_else(line: bytes) -> None:
    assert taken(line) == isinstance(parse(line), Watch)


@given(times())
@settings(max_examples=1500)
@example("2000-02-29T00:00")
@example("2100-02-29T00:00")
@example("2261-12-31T23:59:59.999999999")
def test_the_fast_path_reads_times_as_the_parser_does(text: str) -> None:
    line = f"{text},1,GET /data/m/a/0.mpg".encode()
    watches = read_watches(pa.array([line], pa.large_binary()))
    found = (int(watches.time[0]), int(watches.digits[0])) if watches.taken[0] else None
    assert found == parse_time(text)


def test_a_slice_of_an_array_is_read_from_its_own_start() -> None:
    values = pa.array([b"x" * 40, GOOD, b"junk", GOOD], pa.large_binary())[1:]
    watches = read_watches(values)
    assert watches.taken.tolist() == [True, False, True]
    assert watches.movies.to_pylist() == ["silent+river+1987"] * 2


@pytest.mark.parametrize(
    ("year", "leaps"), [(1972, True), (2023, False), (2024, True), (2000, True), (2100, False)]
)
def test_the_29th_of_february_is_taken_in_leap_years_only(year: int, leaps: bool) -> None:
    assert taken(f"{year}-02-29T00:00,1,GET /data/m/a/0.mpg".encode()) == leaps


@given(st.integers(1970, 2261), st.integers(1, 12), st.integers(28, 32))
@settings(max_examples=500)
def test_the_ends_of_all_months_are_the_parsers(year: int, month: int, day: int) -> None:
    line = f"{year}-{month:02d}-{day:02d}T23:59,1,GET /data/m/a/0.mpg".encode()
    assert taken(line) == isinstance(parse(line), Watch)


@pytest.mark.parametrize(
    ("users", "letters", "minutes", "good"),
    [(18, 128, 5, True), (19, 128, 5, False), (18, 129, 5, False), (18, 128, 6, False)],
)
def test_lengths_have_the_parsers_limits(
    users: int, letters: int, minutes: int, good: bool
) -> None:
    action = f"GET /data/m/{'a' * letters}/{'9' * minutes}.mpg"
    line = f"2026-11-01T19:03,{'9' * users},{action}".encode()
    assert taken(line) == good == isinstance(parse(line), Watch)
