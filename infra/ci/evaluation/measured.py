"""What the pipeline measured: read from its files, and nothing of it computed again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.dataset.windowfile import days_of
from movierec.errors import BadInput
from movierec.evaluation.gate import INTERVAL, Gate
from movierec.evaluation.validation import Evaluate
from movierec.files import read_json
from movierec.models.kinds import KINDS
from movierec.params import load_section

REMEDY = "run `dvc repro`"
BASELINES = {"biases": "biases only", "popularity": "popularity", "global_mean": "global mean"}


@dataclass(frozen=True)
class Incumbent:
    """The release that a model was compared with, as it was judged when it was released."""

    name: str
    """Such as `svd@v1.3.0`."""
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Model:
    """A candidate: its measures by key, its report, and what the gate says of it."""

    kind: str
    metrics: Mapping[str, float]
    rmse_interval: tuple[float, float] | None
    gain_interval: tuple[float, float] | None
    """Of the gain over biases only, as a share of their RMSE."""
    confidence: float
    advice: str | None
    validation_ratings: int
    judged_users: int
    passed: bool
    reasons: list[str]
    incumbent: Incumbent | None

    @property
    def title(self) -> str:
        """Its name for people."""
        return KINDS[self.kind].title


@dataclass(frozen=True)
class Evaluation:
    """All models of one run of the pipeline, in the order of the kinds."""

    models: list[Model]
    baselines: Mapping[str, Mapping[str, float]]
    limits: Gate
    k: int
    days: list[str]

    @classmethod
    def read(cls, root: Path) -> "Evaluation":
        """Of a project whose `dvc repro` has ended. Raises BadInput with the file that is none."""
        gate = read_json(root / "reports/gate.json", REMEDY)
        incumbents = read_json(root / "data/incumbent.json", "an empty one is `{}`")
        window = root / "data/window.yaml"
        try:
            text = window.read_bytes()
        except FileNotFoundError:
            raise BadInput(f"{window}: no such file; `python -m infra.release window`") from None
        return cls(
            models=[_model(root, kind, gate, incumbents) for kind in KINDS],
            baselines=read_json(root / "reports/baselines.json", REMEDY),
            limits=load_section(root / "params.yaml", "gate", Gate),
            k=load_section(root / "params.yaml", "evaluate", Evaluate).k,
            days=days_of(text, window),
        )


def _model(root: Path, kind: str, gate: Mapping[str, Any], incumbents: Mapping[str, Any]) -> Model:
    report = read_json(root / f"reports/{kind}.json", REMEDY)
    try:
        judged = gate[kind]
        return Model(
            kind=kind,
            metrics=read_json(root / f"metrics/{kind}.json", REMEDY),
            rmse_interval=_interval(report["rmse_interval"]),
            gain_interval=_interval(report[INTERVAL]),
            confidence=report["confidence"],
            advice=report.get("advice"),
            validation_ratings=judged["validation_ratings"],
            judged_users=judged["judged_users"],
            passed=judged["pass"] is True,
            reasons=list(judged["reasons"]),
            incumbent=_incumbent(kind, judged["incumbent"], incumbents),
        )
    except KeyError as key:
        where = root / "reports"
        raise BadInput(f"{where}: gate.json or {kind}.json lacks {key}; {REMEDY}") from None


def _interval(ends: list[float] | None) -> tuple[float, float] | None:
    return (ends[0], ends[1]) if ends else None


def _incumbent(kind: str, judged: str | None, incumbents: Mapping[str, Any]) -> Incumbent | None:
    """Raises BadInput when the gate compared with another one than stands in the file now."""
    entry = incumbents.get(kind)
    if judged != (entry["version"] if entry else None):
        raise BadInput(
            f"data/incumbent.json: {kind} is {entry and entry['version']}, reports/gate.json "
            f"compared with {judged}; {REMEDY}"
        )
    if not entry:
        return None
    return Incumbent(f"{kind}@{entry['version']}", entry["metrics"], entry["baselines"])
