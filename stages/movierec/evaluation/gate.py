"""Is a candidate fit to be released? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from movierec.errors import BadInput
from movierec.fields import number

INTERVAL = "rmse_gain_share_interval"
"""Of the report that `evaluate` writes."""


@dataclass(frozen=True)
class Gate:
    """What a candidate must reach to be released; gains and losses are shares of RMSE or recall."""

    min_validation_ratings: int = number(low=1)
    min_judged_users: int = number(low=1)
    min_rmse_gain: float = number()
    max_rmse_loss: float = number(low=0)
    min_coverage: float = number(low=0, high=1)
    min_recall_gain: float = number(low=-1)


@dataclass(frozen=True)
class Judged:
    """What the gate compares: a model's RMSE and coverage, and the biases' RMSE beside it."""

    rmse: float
    coverage: float
    biases_rmse: float

    @classmethod
    def of(cls, metrics: Mapping[str, Any], baselines: Mapping[str, Any], name: str) -> "Judged":
        """From a model's metrics and the baselines on the same ratings.

        Raises BadInput, saying which number of `name` is missing or unfit to compare with.
        """
        return cls(
            _number(metrics, "rmse", name),
            _number(metrics, "coverage", name),
            _number(_baseline(baselines, "biases"), "rmse", f"{name}: biases", above=0),
        )

    @property
    def share(self) -> float:
        """RMSE as a share of the biases' RMSE: what windows of different difficulty share."""
        return self.rmse / self.biases_rmse


@dataclass(frozen=True)
class Recall:
    """Of a model's lists, and of lists of the most popular movies for the same users."""

    model: float
    popularity: float

    @classmethod
    def of(cls, metrics: Mapping[str, Any], baselines: Mapping[str, Any], name: str) -> "Recall":
        """From a model's metrics and the baselines on the same ratings.

        Raises BadInput, saying which number of `name` is missing: where somebody's list can be
        judged, both are there.
        """
        return cls(
            _number(metrics, "recall", name),
            _number(_baseline(baselines, "popularity"), "recall", f"{name}: popularity"),
        )


@dataclass(frozen=True)
class Evidence:
    """What a model's measures were counted from, of the report that `evaluate` writes."""

    validation_ratings: int
    validation_users: int
    ranked_users: int
    """Of those users: with a relevant rating that a list could have held."""
    rating_values: int
    """How many different ratings there are."""
    gain_interval: tuple[float, float] | None
    """Of the gain over biases only; None where the biases make no error."""

    @classmethod
    def of(cls, report: Mapping[str, Any], name: str) -> "Evidence":
        """From the report. Raises BadInput, naming what it lacks."""
        interval = report.get(INTERVAL)
        if interval is not None and not (isinstance(interval, list) and len(interval) == 2):
            raise BadInput(f"{name}: {INTERVAL} is {interval!r}, expected two numbers or null")
        ends = dict(zip(("low", "high"), interval, strict=True)) if interval else {}
        return cls(
            validation_ratings=int(_number(report, "validation_ratings", name)),
            validation_users=int(_number(report, "validation_users", name)),
            ranked_users=int(_number(report, "ranked_users", name)),
            rating_values=int(_number(report, "rating_values", name)),
            gain_interval=(
                _number(ends, "low", f"{name}: {INTERVAL}"),
                _number(ends, "high", f"{name}: {INTERVAL}"),
            )
            if ends
            else None,
        )


def shortcomings(evidence: Evidence, limits: Gate) -> list[str]:
    """The reasons why a model cannot be judged at all, whatever its measures say."""
    reasons = []
    for found, limit, name, what in (
        (
            evidence.validation_ratings,
            limits.min_validation_ratings,
            "min_validation_ratings",
            "validation ratings",
        ),
        (evidence.validation_users, limits.min_judged_users, "min_judged_users", "judged users"),
    ):
        if found < limit:
            reasons.append(f"{found} {what}, gate.{name} is {limit}")
    if evidence.rating_values == 1:
        reasons.append(
            f"all {evidence.validation_ratings} validation ratings are the same, "
            "which any guess predicts"
        )
    if evidence.validation_ratings and not evidence.ranked_users:
        reasons.append(
            "no judged user has a validation rating at or above evaluate.relevant_rating "
            "that a list could hold, so no list is judged"
        )
    if not reasons and evidence.gain_interval is None:
        reasons.append("biases only make no error, so no gain can be measured")
    return reasons


def verdict(
    candidate: Judged,
    recall: Recall,
    incumbent: Judged | None,
    limits: Gate,
    interval: tuple[float, float],
) -> list[str]:
    """The reasons against `candidate`; none means it passes.

    Candidate and incumbent were judged on different windows. So what is compared is each
    one's RMSE as a share of the biases-only RMSE on the same ratings.

    `interval` is the bootstrap's of the gain over biases only, g = 1 − RMSE / RMSE_biases. It must
    exclude a loss beyond max_rmse_loss: that of g itself, g < −max_rmse_loss, and that against
    the incumbent's share s, (1 − g) / s − 1 > max_rmse_loss. s is taken as it is: how sure it
    was is a matter of the ratings that it was measured on.

    `recall` is compared with popularity's on the same ratings alone: recalls of two windows say
    little of one another.
    """
    reasons = []
    low, high = interval
    between = f"the interval of the gain over biases only is {low:.2%} to {high:.2%}"
    if low < -limits.max_rmse_loss:
        reasons.append(
            f"{between}, which does not exclude a loss above gate.max_rmse_loss "
            f"{limits.max_rmse_loss:.2%}"
        )
    gain = 1 - candidate.share
    if gain < limits.min_rmse_gain:
        reasons.append(
            f"rmse {candidate.rmse:.4f} is {gain:.2%} better than biases only, "
            f"gate.min_rmse_gain is {limits.min_rmse_gain:.2%}"
        )
    if candidate.coverage < limits.min_coverage:
        reasons.append(
            f"coverage {candidate.coverage:.4f} is below gate.min_coverage {limits.min_coverage:g}"
        )
    if recall.model < (1 + limits.min_recall_gain) * recall.popularity:
        gain = recall.model / recall.popularity - 1
        reasons.append(
            f"recall {recall.model:.4f} is {abs(gain):.2%} {'below' if gain < 0 else 'above'} the "
            f"most popular movies' {recall.popularity:.4f}, "
            f"gate.min_recall_gain is {limits.min_recall_gain:.2%}"
        )
    if incumbent is not None:
        loss = candidate.share / incumbent.share - 1
        if loss > limits.max_rmse_loss:
            reasons.append(
                f"rmse relative to biases only is {loss:.2%} worse than the incumbent's, "
                f"gate.max_rmse_loss is {limits.max_rmse_loss:.2%}"
            )
        elif (worst := (1 - low) / incumbent.share - 1) > limits.max_rmse_loss:
            reasons.append(
                f"{between}, which does not exclude that it is {worst:.2%} worse than the "
                f"incumbent, gate.max_rmse_loss is {limits.max_rmse_loss:.2%}: use more days"
            )
    return reasons


def _baseline(baselines: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What was measured of one baseline; nothing where there is none."""
    found = baselines.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(values: Mapping[str, Any], key: str, name: str, above: float | None = None) -> float:
    value = values.get(key)
    # No comparison with NaN holds, so that it would pass every limit.
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise BadInput(f"{name}: {key} is {value!r}, expected a number; run `dvc repro`")
    if above is not None and value <= above:
        raise BadInput(f"{name}: {key} is {value!r}, nothing can be compared with it")
    return float(value)
