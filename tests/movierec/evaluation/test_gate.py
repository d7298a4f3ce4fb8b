"""The gate: a candidate against the biases-only baseline, coverage and the incumbent."""

from dataclasses import replace
from typing import Any

import pytest

from movierec.errors import BadInput
from movierec.evaluation import gate
from movierec.evaluation.gate import Evidence, Gate, Judged, Recall, shortcomings

LIMITS = Gate(
    min_validation_ratings=100,
    min_judged_users=20,
    min_rmse_gain=0.01,
    max_rmse_loss=0.02,
    min_coverage=0.1,
    min_recall_gain=0.0,
)
GOOD = Recall(0.4, 0.3)
EVIDENCE = Evidence(
    validation_ratings=100,
    validation_users=20,
    ranked_users=1,
    rating_values=2,
    gain_interval=(-0.01, 0.03),
)


def metrics(rmse: float, biases: float = 1.0, coverage: float = 0.5) -> Judged:
    return Judged(rmse, coverage, biases)


def verdict(candidate: Judged, incumbent: Judged | None, limits: Gate) -> list[str]:
    """Of a candidate whose gain is known to the last digit."""
    gain = 1 - candidate.share
    return gate.verdict(candidate, GOOD, incumbent, limits, (gain, gain))


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
    assert len(verdict(metrics(1.1, coverage=0.0), metrics(0.9), LIMITS)) == 4


def test_windows_of_different_difficulty_are_compared_by_their_baselines() -> None:
    harder = metrics(1.8, biases=2.0)
    assert verdict(harder, metrics(0.9, biases=1.0), LIMITS) == []


def test_a_limit_itself_passes() -> None:
    exact = Gate(100, 20, 0.25, max_rmse_loss=0.0, min_coverage=0.5, min_recall_gain=0.0)
    assert verdict(metrics(0.75), None, exact) == []
    assert verdict(metrics(0.75), metrics(0.75), exact) == []


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


@pytest.mark.parametrize(
    ("recall", "gain", "passes"),
    [
        (Recall(0.3, 0.3), 0.0, True),
        (Recall(0.2, 0.3), 0.0, False),
        (Recall(0.2, 0.3), -0.5, True),
        (Recall(0.33, 0.3), 0.2, False),
        (Recall(0.36, 0.3), 0.2, True),
        (Recall(0.0, 0.0), 0.2, True),
        (Recall(0.0, 0.1), -1.0, True),
    ],
)
def test_lists_must_recall_what_the_most_popular_movies_do(
    recall: Recall, gain: float, passes: bool
) -> None:
    limits = replace(LIMITS, min_recall_gain=gain)
    assert (gate.verdict(metrics(0.9), recall, None, limits, (0.1, 0.1)) == []) == passes


def test_a_recall_below_popularity_s_is_a_reason_that_names_both() -> None:
    [reason] = gate.verdict(metrics(0.9), Recall(0.018, 0.284), None, LIMITS, (0.1, 0.1))
    assert reason == (
        "recall 0.0180 is 93.66% below the most popular movies' 0.2840, "
        "gate.min_recall_gain is 0.00%"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_compared_with_nothing(value: float) -> None:
    """No comparison with NaN holds: it would pass every limit."""
    with pytest.raises(BadInput, match=r"svd\.json: recall is -?(nan|inf), expected a number"):
        Recall.of({"recall": value}, {"popularity": {"recall": 0.1}}, "svd.json")
    with pytest.raises(BadInput, match=r"svd\.json: popularity: recall is -?(nan|inf)"):
        Recall.of({"recall": 0.1}, {"popularity": {"recall": value}}, "svd.json")
    with pytest.raises(BadInput, match=r"svd\.json: rmse is -?(nan|inf), expected a number"):
        Judged.of({"rmse": value, "coverage": 1.0}, {"biases": {"rmse": 1.0}}, "svd.json")


def test_of_recall_too_a_missing_number_is_named() -> None:
    with pytest.raises(BadInput, match=r"svd\.json: recall is None, expected a number"):
        Recall.of({}, {"popularity": {"recall": 0.1}}, "svd.json")
    with pytest.raises(BadInput, match=r"svd\.json: popularity: recall is None"):
        Recall.of({"recall": 0.1}, {"popularity": {}}, "svd.json")
    assert Recall.of({"recall": 1}, {"popularity": {"recall": 0}}, "") == Recall(1.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"validation_ratings": 2, "validation_users": 2},
            "2 validation ratings, gate.min_validation_ratings is 100",
        ),
        ({"validation_users": 19}, "19 judged users, gate.min_judged_users is 20"),
        ({"rating_values": 1}, "all 100 validation ratings are the same"),
        ({"ranked_users": 0}, "no judged user has a validation rating at or above evaluate.rel"),
        ({"gain_interval": None}, "biases only make no error, so no gain can be measured"),
    ],
)
def test_what_cannot_be_judged_is_named(changes: dict[str, Any], reason: str) -> None:
    assert shortcomings(EVIDENCE, LIMITS) == []
    first, *_ = shortcomings(replace(EVIDENCE, **changes), LIMITS)
    assert first.startswith(reason)


def test_without_any_validation_rating_the_minima_are_the_reasons() -> None:
    nothing = Evidence(0, 0, 0, 0, None)
    assert shortcomings(nothing, LIMITS) == [
        "0 validation ratings, gate.min_validation_ratings is 100",
        "0 judged users, gate.min_judged_users is 20",
    ]


def test_the_interval_of_the_gain_must_exclude_a_loss_beyond_the_limit() -> None:
    assert gate.verdict(metrics(0.9), GOOD, None, LIMITS, (-0.02, 0.2)) == []
    [reason] = gate.verdict(metrics(0.9), GOOD, None, LIMITS, (-0.021, 0.2))
    assert reason == (
        "the interval of the gain over biases only is -2.10% to 20.00%, which does not exclude "
        "a loss above gate.max_rmse_loss 2.00%"
    )


def test_nor_may_it_hold_such_a_loss_against_the_incumbent() -> None:
    """Both have 80 % of the biases' error; the candidate, on few ratings, may have 82 %."""
    same = metrics(0.8)
    assert gate.verdict(same, GOOD, same, LIMITS, (0.185, 0.25)) == []
    [reason] = gate.verdict(same, GOOD, same, LIMITS, (0.18, 0.25))
    assert "does not exclude that it is 2.50% worse than the incumbent" in reason


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ({}, "r.json: validation_ratings is None, expected a number"),
        ({"rmse_gain_share_interval": [1]}, r"rmse_gain_share_interval is \[1\], expected two"),
        ({"rmse_gain_share_interval": "ab"}, "rmse_gain_share_interval is 'ab', expected two"),
    ],
)
def test_a_report_that_lacks_what_the_gate_goes_by_is_named(
    report: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        Evidence.of(report, "r.json")
