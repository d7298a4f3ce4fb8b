"""Is a candidate fit to be released? Pure."""

from dataclasses import dataclass
from typing import Any

from movierec.fields import number


@dataclass(frozen=True)
class Gate:
    """What a candidate must reach to be released; shares of RMSE."""

    min_rmse_gain: float = number()
    max_rmse_loss: float = number(low=0)
    min_coverage: float = number(low=0, high=1)


def verdict(candidate: dict[str, Any], incumbent: dict[str, Any] | None, limits: Gate) -> list[str]:
    """The reasons against `candidate`; none means it passes. Both are a model's metrics.

    Candidate and incumbent were judged on different windows. So what is compared is each
    one's RMSE as a share of the biases-only RMSE on the same ratings.
    """
    reasons = []
    share = relative_rmse(candidate)
    if 1 - share < limits.min_rmse_gain:
        reasons.append(
            f"rmse {candidate['rmse']:.4f} is {1 - share:.2%} better than biases only, "
            f"gate.min_rmse_gain is {limits.min_rmse_gain:.2%}"
        )
    if candidate["coverage"] < limits.min_coverage:
        reasons.append(
            f"coverage {candidate['coverage']:.4f} is below "
            f"gate.min_coverage {limits.min_coverage:g}"
        )
    if incumbent is not None:
        loss = share / relative_rmse(incumbent) - 1
        if loss > limits.max_rmse_loss:
            reasons.append(
                f"rmse relative to biases only is {loss:.2%} worse than the incumbent's, "
                f"gate.max_rmse_loss is {limits.max_rmse_loss:.2%}"
            )
    return reasons


def relative_rmse(metrics: dict[str, Any]) -> float:
    """RMSE over the RMSE of biases only."""
    return float(metrics["rmse"] / metrics["baselines"]["biases"]["rmse"])
