"""Steps 4 and 5: `dvc repro`, stage by stage, and SVD beside SVD++."""

import json
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.demo.report import Step, step, table
from infra.processes import Processes
from movierec.errors import Unavailable

MODELS = {"svd": "SVD", "svdpp": "SVD++"}
BASELINES = {"biases": "biases only", "popularity": "popularity", "global_mean": "global mean"}
MEASURES = {
    "rmse": "RMSE",
    "mae": "MAE",
    "recall_at_20": "recall@20",
    "ndcg_at_20": "NDCG@20",
    "coverage": "coverage",
    "popularity_lift": "pop. lift",
}
STARTED = re.compile(r"Running stage '(.+)':")
SKIPPED = re.compile(r"Stage '(.+)' (?:didn't change|is cached)")


def reproduce(processes: Processes) -> None:
    """Step 4: run `dvc repro` and say of each stage whether it ran or was skipped."""
    with step(4, "dvc repro", "days → matrix → SVD, SVD++ → evaluation → gate") as current:
        repro(processes, current)


def repro(processes: Processes, current: Step) -> None:
    """Run `dvc repro`, following its stages. Raises Unavailable with DVC's own errors."""
    lines: list[str] = []
    follow(processes.lines("dvc", [sys.executable, "-m", "dvc", "repro"]), current, lines)
    if status := processes.wait("dvc"):
        errors = [line for line in lines if line.lower().startswith("error")]
        raise Unavailable(f"dvc repro ended with status {status}: {' | '.join(errors)}")


def follow(output: Iterable[str], current: Step, lines: list[str]) -> None:
    """Say each stage of `dvc repro` as it ends, with its seconds; keep every line in `lines`."""
    running, started, ran, skipped = "", time.monotonic(), 0, 0

    def finish() -> None:
        if running:
            current.say(f"{running:<24} {time.monotonic() - started:5.1f} s")

    for text in output:
        lines.append(text.strip())
        if match := SKIPPED.search(text):
            finish()
            running, skipped = "", skipped + 1
            current.say(f"{match[1]:<24} skipped, nothing changed")
        elif match := STARTED.search(text):
            finish()
            running, started, ran = match[1], time.monotonic(), ran + 1
    finish()
    current.note = f"{ran} stages ran, {skipped} skipped"


def compare(root: Path, processes: Processes) -> None:
    """Step 5: both models beside the baselines, and the page of plots."""
    with step(5, "compare", "SVD beside SVD++ on the validation part") as current:
        current.say(comparison(root))
        page = "reports/plots.html"
        processes.run("plots", [sys.executable, "-m", "infra.demo.plots_page", "--output", page])
        current.say("the same by `dvc exp show` and `dvc metrics show`")
        current.note = f"plots are in {page}"


def comparison(root: Path) -> str:
    """A table of both models' measures beside the baselines'."""
    metrics = {model: read_metrics(root, model) for model in MODELS}
    rows = [[MODELS[model], *_cells(measured)] for model, measured in metrics.items()]
    baselines = metrics["svd"]["baselines"]
    rows += [[BASELINES[name], *_cells(baselines[name])] for name in BASELINES]
    return table(["", *MEASURES.values()], rows)


def read_metrics(root: Path, model: str) -> dict[str, Any]:
    """What `evaluate` wrote of `model`."""
    document: dict[str, Any] = json.loads((root / "metrics" / f"{model}.json").read_text())
    return document


def _cells(measured: dict[str, float]) -> list[str]:
    """One cell a measure; a baseline that cannot have a measure shows a dash."""
    return [f"{measured[key]:.4f}" if key in measured else "–" for key in MEASURES]
