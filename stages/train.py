"""Fit one model to the training ratings.

    python stages/train.py --model svd --dataset data/dataset --uptake models/uptake \\
        --output models/svd --history plots/svd/epochs.csv

The history has one row an epoch: the RMSE over the ratings that train and, with early
stopping, over those held out of them. Seconds and memory go to the log line alone.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from tqdm import tqdm

from movierec.cli import peak_rss_mb, run
from movierec.dataset.datasetfile import load_dataset
from movierec.dataset.matrix import Dataset
from movierec.files import write_csv
from movierec.models import stopping
from movierec.models.kinds import KINDS
from movierec.models.model import Hyper, Model
from movierec.models.saving import save_model
from movierec.models.training import Train, fitter, load_train
from movierec.models.uptakefile import read_uptake


def main(arguments: list[str]) -> int:
    """Fit `--model` to `--dataset`; write the model, `--uptake` in it, and its history."""
    parser = argparse.ArgumentParser(prog="train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", choices=tuple(KINDS), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--uptake", type=Path, required=True, help="folder of who takes up what")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, required=True, help="model folder to write")
    parser.add_argument("--history", type=Path, required=True, help="CSV file to write")
    options = parser.parse_args(arguments)
    params, hyper = load_train(options.params, options.model)
    dataset = load_dataset(options.dataset, mmap=True)
    uptake = read_uptake(options.uptake, dataset.data_hash)
    started = time.monotonic()
    model, history = fit(options.model, dataset, params, hyper)
    seconds = time.monotonic() - started
    facts = {"engine": params.engine, "dtype": params.dtype}
    save_model(options.output, model, dataset, facts, uptake)
    write_csv(options.history, history.columns())
    measured = {"seconds": round(seconds, 2), "peak_rss_mb": peak_rss_mb()}
    done = {"epochs": len(history.train), "train_rmse": round(history.train[-1], 4)}
    print(json.dumps({"stage": "train", "model": options.model, **done, **measured}))
    return 0


def fit(name: str, dataset: Dataset, params: Train, hyper: Hyper) -> tuple[Model, stopping.History]:
    """The model of the kind `name` by the engine that `params` names, and its history.

    Raises BadParams where that engine does not know what they ask for.
    """
    kind = KINDS[name]
    fit_once = fitter(kind, params, dataset.scale, dataset.weights)
    total, quiet = stopping.most_epochs(hyper), not sys.stderr.isatty()
    with tqdm(total=total, desc=kind.title, unit="epoch", disable=quiet) as bar:
        return stopping.fit(
            fit_once, dataset.train, dataset.watched, hyper, bar.update, dataset.weights
        )


if __name__ == "__main__":
    run(main)
