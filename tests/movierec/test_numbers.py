"""Text is a number as YAML writes one, or none."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from movierec.numbers import real_of, whole_of

NEITHER = ["", " ", "1_0", "٣", "1 ", "nan", "inf", "-inf", "0x10", "1,5", "--1", "+", "1e", "."]


@pytest.mark.parametrize("text", [*NEITHER, "1.0", "1e3", "1" * 19])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number, got"):
        whole_of(text)


@pytest.mark.parametrize("text", [*NEITHER, "1e9999", "1" * 41, "infinity", "1e1_0"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number, got"):
        real_of(text)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_a_whole_number_is_read_and_is_a_number_too(number: int) -> None:
    assert whole_of(str(number)) == number and real_of(str(number)) == float(number)
    assert whole_of(f"{number:+d}") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_python_writes_it_and_as_yaml_does(number: float) -> None:
    assert real_of(repr(number)) == number
    assert real_of(yaml.safe_dump(number).split("\n")[0]) == number
