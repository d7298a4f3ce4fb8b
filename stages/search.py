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

from movierec.cli import run, whole
from movierec.dataset.matrix import Dataset, load_dataset
from movierec.errors import LimitExceeded
from movierec.models import stopping
from movierec.models.kinds import KINDS
from movierec.models.svd import SVD
from movierec.models.training import fitter, load_train

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
    parser.add_argument("--model", choices=searchable(), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--trials", type=whole, default=200)
    parser.add_argument("--seed", type=whole, default=1)
    options = parser.parse_args(arguments)
    dataset = load_dataset(options.dataset)
    params, start = load_train(options.params, options.model)
    assert isinstance(start, SVD)
    fit_once = fitter(KINDS[options.model], params, dataset.scale)
    best, found = np.inf, start
    trials = list(candidates(start, options.trials, options.seed))
    for hyper in tqdm(trials, unit="trial", disable=not sys.stderr.isatty()):
        score, epochs = judge(fit_once, dataset, hyper)
        if score < best:
            best, found = score, replace(hyper, n_epochs=epochs, patience=start.patience)
            print(json.dumps({"holdout_rmse": round(score, 5), **asdict(found)}), file=sys.stderr)
    print(f"# holdout RMSE {best:.5f} over {PARTS} parts of the training ratings")
    print(yaml.safe_dump({options.model: asdict(found)}, sort_keys=False), end="")
    return 0


def searchable() -> tuple[str, ...]:
    """The kinds of model that the search knows how to vary: those that descend as SVD does."""
    return tuple(name for name, kind in KINDS.items() if issubclass(kind.hyper, SVD))


def candidates(start: SVD, trials: int, seed: int) -> Iterator[SVD]:
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
        rates = {name: rate for group in start.LEARNT for rate in [drawn(*RATES)] for name in group}
        changes = common | {
            "n_factors": int(random.choice(FACTORS)),
            "init_std_dev": float(random.choice(DEVIATIONS)),
            "lr_decay": float(random.choice([0.0, 0.02, 0.05])),
            **{f"lr_{name}": rate for name, rate in rates.items()},
            **{f"reg_{name}": drawn(*REGULARISATION) for name in rates},
        }
        yield replace(start, **changes)


def judge(fit_once: stopping.FitOnce[SVD], dataset: Dataset, hyper: SVD) -> tuple[float, int]:
    """(mean error over the held-out parts, median of their best numbers of epochs)."""
    scores, epochs = [], []
    for part in range(PARTS):
        tried = replace(hyper, holdout_share=HOLDOUT, seed=part)

        try:
            best, errors = stopping.best_epochs(
                fit_once, dataset.train, dataset.watched, tried, int
            )
        except LimitExceeded:  # this one diverges
            return np.inf, 0
        scores.append(min(errors))
        epochs.append(best)
    return float(np.mean(scores)), int(np.median(epochs))


if __name__ == "__main__":
    run(main)
