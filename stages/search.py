"""Random search for a model's hyperparameters. It never sees the validation part.

    python stages/search.py --model svdpp --dataset data/dataset --trials 200

Each trial holds a share of the *training* ratings out, stops where their error is least, and
is scored by that error, averaged over several such parts. The best settings are printed as
a section for params.yaml; `dvc exp run -S train.svdpp.reg_yj=…` then tries one by hand.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from movierec.cli import run
from movierec.dataset.matrix import Dataset, load_dataset
from movierec.errors import LimitExceeded
from movierec.models import stopping
from movierec.models.fitting import fitter
from movierec.params import SVD, Train, load_section

HOLDOUT = 0.15
PARTS = 3
MAX_EPOCHS = 100
PATIENCE = 4
RATES = (0.002, 0.03)
REGULARISATION = (0.001, 0.3)
FACTORS = (4, 8, 16, 20, 32)
DEVIATIONS = (0.02, 0.05, 0.1)


def main(arguments: list[str]) -> int:
    """Search and print the best settings."""
    parser = argparse.ArgumentParser(prog="search", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", choices=("svd", "svdpp"), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    dataset = load_dataset(options.dataset)
    params = load_section(options.params, "train", Train)
    start: SVD = params.svd if options.model == "svd" else params.svdpp
    best, found = np.inf, start
    trials = list(candidates(start, options.trials, options.seed))
    for hyper in tqdm(trials, unit="trial", disable=not sys.stderr.isatty()):
        score, epochs = judge(options.model, dataset, params, hyper)
        if score < best:
            best, found = score, replace(hyper, n_epochs=epochs, patience=start.patience)
            print(json.dumps({"holdout_rmse": round(score, 5), **asdict(found)}), file=sys.stderr)
    print(f"# holdout RMSE {best:.5f} over {PARTS} parts of the training ratings")
    print(yaml.safe_dump({options.model: asdict(found)}, sort_keys=False), end="")
    return 0


def candidates(start: SVD, trials: int, seed: int) -> Iterator[Any]:
    """The present settings first, then random ones: rates and regularisations log-uniform.

    Biases have one rate between them, factors one, y one of its own; each regularisation is
    drawn by itself.
    """
    random = np.random.default_rng(seed)

    def drawn(low: float, high: float) -> float:
        return float(f"{np.exp(random.uniform(np.log(low), np.log(high))):.2g}")

    common: dict[str, Any] = {"n_epochs": MAX_EPOCHS, "patience": PATIENCE}
    yield replace(start, **common)
    for _ in range(trials - 1):
        of_biases, of_factors = drawn(*RATES), drawn(*RATES)
        changes = common | {
            "n_factors": int(random.choice(FACTORS)),
            "init_std_dev": float(random.choice(DEVIATIONS)),
            "lr_decay": float(random.choice([0.0, 0.02, 0.05])),
            **dict.fromkeys(("lr_bu", "lr_bi"), of_biases),
            **dict.fromkeys(("lr_pu", "lr_qi"), of_factors),
            **{f"reg_{name}": drawn(*REGULARISATION) for name in ("bu", "bi", "pu", "qi")},
        }
        if hasattr(start, "lr_yj"):
            changes |= {"lr_yj": drawn(*RATES), "reg_yj": drawn(*REGULARISATION)}
        yield replace(start, **changes)


def judge(kind: str, dataset: Dataset, params: Train, hyper: Any) -> tuple[float, int]:
    """(mean error over the held-out parts, median of their best numbers of epochs)."""
    scores, epochs = [], []
    fit_once = fitter(kind, params, dataset.scale)
    for part in range(PARTS):
        tried = replace(hyper, holdout_share=HOLDOUT, seed=part)

        try:
            best, errors = stopping.best_epochs(
                fit_once, dataset.train, dataset.watched, tried, lambda: None
            )
        except LimitExceeded:  # this one diverges
            return np.inf, 0
        scores.append(min(errors))
        epochs.append(best)
    return float(np.mean(scores)), int(np.median(epochs))


if __name__ == "__main__":
    run(main)
