"""Errors become one number, summed with enough digits."""

import numpy as np
import pytest

from movierec.models.accuracy import mae, rmse


def test_size_and_square_by_hand() -> None:
    errors = np.array([3.0, -4.0])
    assert rmse(errors) == pytest.approx(np.sqrt(12.5))
    assert mae(errors) == 3.5


@pytest.mark.parametrize("measure", [rmse, mae])
def test_many_small_errors_are_summed_in_float64(measure) -> None:
    errors = np.full(3_000_001, 0.1, np.float32)
    assert measure(errors) == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_a_square_past_float32_is_a_number_still() -> None:
    assert rmse(np.array([1e30], np.float32)) == pytest.approx(1e30, rel=1e-6)


@pytest.mark.parametrize("measure", [rmse, mae])
def test_a_small_error_beside_a_big_one_counts(measure) -> None:
    errors = np.array([1 << 24, 1, 1, 1], np.float32)  # a float32 holds no 2^24 + 1
    assert measure(errors) == measure(errors.astype(np.float64))
