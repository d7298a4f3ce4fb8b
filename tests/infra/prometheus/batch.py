"""A project whose reports are all there, of one whole run; and what was handed over of it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from infra.prometheus.samples import METRICS
from infra.repository import git

OFFLINE = {"rmse": 0.7, "recall": 0.65, "ndcg": 0.33, "coverage": 0.9, "lift": 0.01}
MEASURE = {"value": 0.4, "limit": 0.2, "passed": False, "note": "…"}
MANY = {"value": 80, "limit": 20, "passed": True, "note": "…"}
"""Its limit is the least."""


def release(arm: str, **other: Any) -> dict[str, Any]:
    """A release's entry in metrics/online.json."""
    return {
        "arm": arm,
        "answers": 900,
        "conversion": 0.2,
        "low": 0.18,
        "high": 0.22,
        "coverage": 0.5,
        "gini": 0.6,
        "lift": 1.5,
        "fallback": 0.1,
        "repeated": 0.3,
        "minutes": {"mean": 31.5},
        "rmse": {"value": None, "count": 0},
        **other,
    }


REPORTS: dict[str, Any] = {
    "metrics/svd.json": OFFLINE,
    "metrics/svdpp.json": OFFLINE | {"rmse": 0.6, "recall": None},
    "reports/gate.json": {"svd": {"pass": True}, "svdpp": {"pass": False}},
    "data/incumbent.json": {"svd": {"version": "svd@v1.4.0", "metrics": {"rmse": 0.71}}},
    "reports/validate.json": {
        "passed": True,
        "measures": {"reject_share": MEASURE, "movies": MANY},
    },
    "reports/drift.json": {"day": "2026-11-02", "measures": {"ratings": MEASURE}},
    "metrics/online.json": {
        "days": ["2026-11-01", "2026-11-02"],
        "models": {
            "svd@v1.3.0": release("svd"),
            "svd@v1.4.0": release("svd", coverage=0.4, lift=2.0, rmse={"value": 0.9, "count": 7}),
            "svdpp@v1.0.0": release("svdpp"),
            "svdpp@v1.1.0": {"arm": None, "answers": 0, "censored": 7},
        },
        "experiment": {"mismatch": 0.4},
        "releases": {
            "svd": [{"release": "svd@v1.4.0", "before": "svd@v1.3.0", "verdict": "worse"}],
            "svdpp": [],
        },
    },
}
STAGES = {
    "train": ([], ["models/svd"]),
    "evaluate": (["models/svd"], ["metrics/svd.json", "metrics/svdpp.json"]),
    "gate": (["metrics/svd.json", "metrics/svdpp.json"], ["reports/gate.json"]),
}
"""stage → what it reads, what it writes."""


def begin(root: Path, reports: Mapping[str, Any] = REPORTS) -> Path:
    """The project."""
    for name, document in reports.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(document))
    if not (root / ".git").exists():
        git(root, "init", "--quiet")
    lock(root, STAGES)
    return root


def lock(root: Path, stages: Mapping[str, tuple[list[str], list[str]]]) -> None:
    """dvc.lock, as it is when these stages ran just now and all others before."""
    path = root / "dvc.lock"
    known = yaml.safe_load(path.read_text()) if path.exists() else {"stages": {}}
    for name, (deps, outs) in stages.items():
        known["stages"][name] = {"deps": entries(root, deps), "outs": entries(root, outs)}
    path.write_text(yaml.safe_dump(known))


def entries(root: Path, paths: list[str]) -> list[dict[str, str]]:
    """As DVC writes them."""

    def md5(path: Path) -> str:
        text = path.read_bytes() if path.is_file() else b"a folder"
        return hashlib.md5(text, usedforsecurity=False).hexdigest()

    return [{"path": path, "hash": "md5", "md5": md5(root / path)} for path in paths]


def handed_over(folder: Path) -> dict[tuple[str, ...], float]:
    """(name, values of its labels in METRICS' order …) → value, as node-exporter reads it."""
    return {
        (sample.name, *(sample.labels[label] for label in METRICS[sample.name][1])): sample.value
        for family in text_string_to_metric_families((folder / "movierec.prom").read_text())
        for sample in family.samples
    }
