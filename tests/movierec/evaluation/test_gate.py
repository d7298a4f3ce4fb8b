"""The gate: a candidate against the biases-only baseline, coverage and the incumbent."""

import pytest

from movierec.errors import BadInput
from movierec.evaluation.gate import Gate, Judged, verdict

LIMITS = Gate(min_rmse_gain=0.01, max_rmse_loss=0.02, min_coverage=0.1)


def metrics(rmse: float, biases: float = 1.0, coverage: float = 0.5) -> Judged:
    return Judged(rmse, coverage, biases)


def test_a_good_candidate_passes_with_and_without_an_incumbent() -> None:
    assert verdict(metrics(0.9), None, LIMITS) == []
    assert verdict(metrics(0.9), metrics(0.89), LIMITS) == []


def test_each_reason_names_measure_value_and_limit() -> None:
    [reason] = verdict(metrics(0.995), None, LIMITS)
    assert reason.startswith("rmse 0.9950 is 0.50% better than biases only")
    assert reason.endswith("gate.min_rmse_gain is 1.00%")
    [reason] = verdict(metrics(0.9, coverage=0.05), None, LIMITS)
    assert reason == "coverage 0.0500 is below gate.min_coverage 0.1"
    [reason] = verdict(metrics(0.9), metrics(0.8), LIMITS)
    assert "12.50% worse than the incumbent's, gate.max_rmse_loss is 2.00%" in reason
    assert len(verdict(metrics(1.1, coverage=0.0), metrics(0.9), LIMITS)) == 3


def test_windows_of_different_difficulty_are_compared_by_their_baselines() -> None:
    harder = metrics(1.8, biases=2.0)
    assert verdict(harder, metrics(0.9, biases=1.0), LIMITS) == []


def test_a_limit_itself_passes() -> None:
    assert verdict(metrics(0.75), None, Gate(0.25, 0.0, 0.5)) == []
    assert verdict(metrics(0.75), metrics(0.75), Gate(0.25, 0.0, 0.5)) == []


@pytest.mark.parametrize(
    ("measured", "baselines", "message"),
    [
        ({"coverage": 1.0}, {}, "metrics/svd.json: rmse is None, expected a number"),
        ({"rmse": 0.9, "coverage": True}, {}, "coverage is True, expected a number"),
        ({"rmse": 0.9, "coverage": 1.0}, {}, "metrics/svd.json: biases: rmse is None"),
        ({"rmse": 0.9, "coverage": 1.0}, {"biases": 3}, "biases: rmse is None"),
        (
            {"rmse": 0.9, "coverage": 1.0},
            {"biases": {"rmse": 0.0}},
            "biases: rmse is 0.0, nothing can be compared with it",
        ),
    ],
)
def test_a_number_that_is_missing_or_unfit_is_named(measured, baselines, message) -> None:
    with pytest.raises(BadInput, match=message):
        Judged.of(measured, baselines, "metrics/svd.json")
    assert Judged.of({"rmse": 1, "coverage": 0}, {"biases": {"rmse": 2}}, "").share == 0.5
