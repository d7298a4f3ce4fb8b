"""Files of a run of the pipeline, small, and judged by the real gate."""

import json
import shutil
from pathlib import Path
from typing import Any

import gate
from movierec.evaluation.validation import MEASURES

ROOT = Path(__file__).resolve().parents[4]
METRICS: dict[str, dict[str, float]] = {
    "svd": dict(zip(MEASURES, (0.71, 0.56, 0.65, 0.33, 0.97, 0.01), strict=True)),
    "svdpp": dict(zip(MEASURES, (0.64, 0.51, 0.64, 0.34, 0.99, 0.0), strict=True)),
}
BASELINES = {
    "biases": {"rmse": 0.88, "mae": 0.72, "recall": 0.33, "ndcg": 0.15, "coverage": 0.6, "lift": 0},
    "popularity": {"recall": 0.38, "ndcg": 0.18, "coverage": 0.65, "lift": 0.22},
    "global_mean": {"rmse": 1.01, "mae": 0.85},
}
REPORT = {
    "validation_ratings": 1826,
    "validation_users": 476,
    "ranked_users": 392,
    "rating_values": 5,
    "confidence": 0.95,
    "rmse_interval": [0.68, 0.74],
    "rmse_gain_share_interval": [0.18, 0.22],
}
PLOTS = """\
plots:
  - RMSE by epoch:
      title: RMSE <by> epoch
      template: simple
      x: epoch
      y: {plots/svd/epochs.csv: train_rmse, plots/svdpp/epochs.csv: train_rmse}
"""


def write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


def workspace(
    root: Path,
    metrics: dict[str, dict[str, float]] = METRICS,
    report: dict[str, Any] | None = None,
    incumbent: dict[str, Any] | None = None,
) -> Path:
    """A project whose SVD's report has the values of `report` instead."""
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    write(root / "data/window.yaml", 'days: ["2026-11-01", "2026-11-02"]\nwritten: "2026-11-03"\n')
    write(root / "data/incumbent.json", incumbent or {})
    write(root / "reports/baselines.json", BASELINES)
    write(root / "reports/preprocess.json", {"held_out": {}})
    write(root / "dvc.yaml", PLOTS)
    for kind, measured in metrics.items():
        write(root / f"metrics/{kind}.json", measured)
        write(root / f"reports/{kind}.json", REPORT | ((report or {}) if kind == "svd" else {}))
        write(root / f"plots/{kind}/epochs.csv", "epoch,train_rmse\n1,0.9\n2,0.8\n")
    judge(root)
    return root


def judge(root: Path) -> None:
    """What the stage `gate` does."""
    given = [str(root / f"metrics/{kind}.json") for kind in METRICS]
    options = {
        "baselines": "reports/baselines.json",
        "incumbent": "data/incumbent.json",
        "reports": "reports",
        "params": "params.yaml",
        "report": "reports/gate.json",
    }
    for name, file in options.items():
        given += [f"--{name}", str(root / file)]
    assert gate.main(given) == 0
