"""Times of every form → seconds."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.table.times import UNITS, parse_iso, parse_numbers, to_seconds


@given(st.lists(st.integers(10**9, 4 * 10**9), min_size=1), st.sampled_from(range(4)))
def test_the_unit_is_told_by_size(times, unit):
    numbers, unit_found = np.array([0, *times]) * 1000**unit, UNITS[unit]
    assert to_seconds(numbers) == (unit_found, None)
    assert numbers.tolist() == [0, *times]


def test_a_time_of_another_unit_is_found():
    numbers = np.array([0, 10**9, 10**12, 10**9])
    assert to_seconds(numbers) == ("seconds", 2)
    assert to_seconds(numbers[::-1].copy() * 1000) == ("milliseconds", 1)


def test_numbers_with_decimals_and_exponents():
    found = parse_numbers(pa.array([" 12.9", "1.365E9", "7", "8."]))
    assert found.numbers.tolist() == [12, 1_365_000_000, 7, 8] and found.bad is None


@pytest.mark.parametrize("text", ["", "x", "-5", "0x12", "1e30", "9" * 19, "nan", "1 2", "٣"])
def test_what_is_no_number_is_found(text):
    assert parse_numbers(pa.array(["7", "8", text, "y"])).bad == 2


ISO = {
    "2013-04-03": 1364947200,
    "2013-04-03T22:45:07": 1365029107,
    "2013-04-03 22:45:07.999999999": 1365029107,
    "2013-04-03T22:45": 1365029100,
    "2013-04-03T22:45:07Z": 1365029107,
    "2013-04-04T00:45:07+02:00": 1365029107,
    "2013-04-03 17:45:07-0500": 1365029107,
    "2013-04-03 17:45:07.25 -05:00": 1365029107,
    "2013-04-03 22:45:07 UTC": 1365029107,
    "1969-12-31T23:59:58.5": -2,
}


def test_iso_with_and_without_zone():
    assert parse_iso(pa.array(list(ISO))).numbers.tolist() == list(ISO.values())


@pytest.mark.parametrize(
    "text", ["2013-13-03", "03/04/2013", "", "2013-04-03T25:00Z", "1365029107"]
)
def test_what_is_no_iso_time_is_found(text):
    assert parse_iso(pa.array([*ISO, text, "x", "2013-99-99T00:00:00Z"])).bad == len(ISO)
