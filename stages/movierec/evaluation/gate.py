"""Is a candidate fit to be released? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from movierec.errors import BadInput
from movierec.fields import number


@dataclass(frozen=True)
class Gate:
    """What a candidate must reach to be released; shares of RMSE."""

    min_rmse_gain: float = number()
    max_rmse_loss: float = number(low=0)
    min_coverage: float = number(low=0, high=1)


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
        biases = baselines.get("biases")
        return cls(
            _number(metrics, "rmse", name),
            _number(metrics, "coverage", name),
            _number(
                biases if isinstance(biases, Mapping) else {}, "rmse", f"{name}: biases", above=0
            ),
        )

    @property
    def share(self) -> float:
        """RMSE as a share of the biases' RMSE: what windows of different difficulty share."""
        return self.rmse / self.biases_rmse


def verdict(candidate: Judged, incumbent: Judged | None, limits: Gate) -> list[str]:
    """The reasons against `candidate`; none means it passes.

    Candidate and incumbent were judged on different windows. So what is compared is each
    one's RMSE as a share of the biases-only RMSE on the same ratings.
    """
    reasons = []
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
    if incumbent is not None:
        loss = candidate.share / incumbent.share - 1
        if loss > limits.max_rmse_loss:
            reasons.append(
                f"rmse relative to biases only is {loss:.2%} worse than the incumbent's, "
                f"gate.max_rmse_loss is {limits.max_rmse_loss:.2%}"
            )
    return reasons


def _number(values: Mapping[str, Any], key: str, name: str, above: float | None = None) -> float:
    value = values.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadInput(f"{name}: {key} is {value!r}, expected a number; run `dvc repro`")
    if above is not None and value <= above:
        raise BadInput(f"{name}: {key} is {value!r}, nothing can be compared with it")
    return float(value)
