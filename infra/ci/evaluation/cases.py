"""A case for each measure of a model, with its limit where the gate has one.

Whether a limit is kept the gate has said: a reason of its verdict names the key of params.yaml that
it goes by (`gate.min_coverage`), and the case of that key fails with it. Nothing is compared here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.ci.evaluation.measured import Evaluation, Model
from movierec.evaluation.validation import MEASURES

KEY = re.compile(r"\bgate\.(\w+)")
LIMITED = {"rmse", "recall", "coverage"}
"""Measures that the gate has a limit for."""


@dataclass(frozen=True)
class Case:
    """One line of the report: what was measured, and what it may be."""

    name: str
    """The same in every build, so that Jenkins shows its history."""
    value: str | None
    """None: nothing was measured, because there was nothing to measure it by."""
    limit: str | None = None
    keys: frozenset[str] = frozenset()
    """Of the section `gate` in params.yaml: those that set the limit."""
    reasons: tuple[str, ...] = ()
    """Of the gate, against the model; none: kept."""


def cases(model: Model, evaluation: Evaluation) -> list[Case]:
    """All cases of a model; the last is the gate's verdict, with every reason."""
    limited = [*_evidence(model, evaluation), *_limited(model, evaluation)]
    judged = [
        Case(case.name, case.value, case.limit, case.keys, _against(model, case.keys))
        for case in limited
    ]
    free = [Case(title, _of(model, key)) for key, title in MEASURES.items() if key not in LIMITED]
    said = () if model.passed else tuple(model.reasons) or ("refused, without a reason",)
    return [*judged, *free, Case("gate", "passed" if model.passed else "refused", reasons=said)]


def _against(model: Model, keys: frozenset[str]) -> tuple[str, ...]:
    """The gate's reasons that go by one of the keys."""
    return tuple(reason for reason in model.reasons if keys & set(KEY.findall(reason)))


def _evidence(model: Model, evaluation: Evaluation) -> Iterator[Case]:
    """What the measures were counted from: of both the gate asks for so many."""
    limits = evaluation.limits
    for name, found, key, limit in (
        (
            "validation ratings",
            model.validation_ratings,
            "min_validation_ratings",
            limits.min_validation_ratings,
        ),
        ("judged users", model.judged_users, "min_judged_users", limits.min_judged_users),
    ):
        yield Case(name, f"{found:,}", f"at least {limit} (gate.{key})", frozenset({key}))


def _limited(model: Model, evaluation: Evaluation) -> Iterator[Case]:
    """The measures that the gate limits."""
    limits, baselines = evaluation.limits, evaluation.baselines
    biases = baselines.get("biases", {}).get("rmse")
    gain = f"at least gate.min_rmse_gain {limits.min_rmse_gain:.2%}"
    yield Case(
        MEASURES["rmse"],
        _of(model, "rmse"),
        f"better than biases only, {biases:.4f}, by {gain}" if biases is not None else gain,
        frozenset({"min_rmse_gain"}),
    )
    yield _interval(model, evaluation)
    popular = baselines.get("popularity", {}).get("recall")
    key = f"at least gate.min_recall_gain {limits.min_recall_gain:.2%}"
    yield Case(
        MEASURES["recall"],
        _of(model, "recall"),
        f"better than popularity, {popular:.4f}, by {key}" if popular is not None else key,
        frozenset({"min_recall_gain"}),
    )
    yield Case(
        MEASURES["coverage"],
        _of(model, "coverage"),
        f"at least gate.min_coverage {limits.min_coverage:g}",
        frozenset({"min_coverage"}),
    )


def _interval(model: Model, evaluation: Evaluation) -> Case:
    """How sure the gain is, and against the incumbent where there is one."""
    ends, incumbent = model.gain_interval, model.incumbent
    against = f"biases only or {incumbent.name}" if incumbent else "biases only; no incumbent"
    return Case(
        "RMSE interval",
        f"{ends[0]:.2%} to {ends[1]:.2%} better than biases only" if ends else None,
        f"excludes a loss above gate.max_rmse_loss {evaluation.limits.max_rmse_loss:.2%} "
        f"against {against}",
        frozenset({"max_rmse_loss"}),
    )


def _of(model: Model, key: str) -> str | None:
    return f"{model.metrics[key]:.4f}" if key in model.metrics else None
