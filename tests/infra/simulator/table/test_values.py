"""What a field of a rating says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.table.values import NONE, Zeros, value_of


@given(st.integers(1, 9999), st.sampled_from(Zeros), st.sampled_from(["{}", "{}000", " {} "]))
def test_a_rating_of_two_decimals_is_itself(hundredths, zeros, form):
    assert value_of(form.format(f"{hundredths / 100:.2f}"), zeros) == (hundredths, "", False)


@pytest.mark.parametrize("text", ["0", "0.0", "0.00", ".0"])
def test_a_zero_is_what_was_said(text):
    assert value_of(text, Zeros.RATING) == (0, "", False)
    assert value_of(text, Zeros.IMPLICIT) == (NONE, "", False)
    assert value_of(text, Zeros.REFUSE).fault


def test_minus_one_is_no_rating_only_where_zeros_are_none():
    assert value_of("-1", Zeros.IMPLICIT) == (NONE, "", False)
    assert "below 0" in value_of("-1", Zeros.RATING).fault


@pytest.mark.parametrize(
    "text", ["", "x", "1e1", "nan", "inf", "1.2.3", "100", "99.999", "٣", "-2"]
)
def test_what_is_no_rating_says_why(text):
    assert value_of(text, Zeros.IMPLICIT).fault
