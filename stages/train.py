"""Fit one model to the training ratings.

    python stages/train.py --model svd --dataset data/dataset --output models/svd \\
        --history plots/svd/epochs.csv

The history has one row an epoch: the RMSE over the ratings that train and, with early
stopping, over those held out of them. Seconds and memory go to the log line alone.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from movierec.cli import run
from movierec.dataset.matrix import Dataset, load_dataset, rows_of
from movierec.errors import BadParams
from movierec.files import write_csv
from movierec.models import by_surprise as reference
from movierec.models import stopping
from movierec.models.accuracy import rmse
from movierec.models.fitting import fitter
from movierec.models.model import Factors
from movierec.models.modelfile import save_model
from movierec.params import SVD, SVDpp, Train, load_section


def main(arguments: list[str]) -> int:
    """Fit `--model` to `--dataset`; write the model and its history."""
    parser = argparse.ArgumentParser(prog="train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", choices=("svd", "svdpp"), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, required=True, help="model folder to write")
    parser.add_argument("--history", type=Path, required=True, help="CSV file to write")
    options = parser.parse_args(arguments)
    params = load_section(options.params, "train", Train)
    dataset = load_dataset(options.dataset)
    started = time.monotonic()
    model, history = fit(options.model, dataset, params)
    seconds = time.monotonic() - started
    save_model(options.output, model, dataset, {"engine": params.engine, "dtype": params.dtype})
    write_csv(options.history, history.columns())
    measured = {"seconds": round(seconds, 2), "peak_rss_mb": peak_rss_mb()}
    done = {"epochs": model.hyper.n_epochs, "train_rmse": round(history.train[-1], 4)}
    print(json.dumps({"stage": "train", "model": options.model, **done, **measured}))
    return 0


def fit(kind: str, dataset: Dataset, params: Train) -> tuple[Factors, stopping.History]:
    """The model of `kind` by the engine that `params` names, and its history.

    Raises BadParams where that engine does not know what they ask for.
    """
    hyper: Any = params.svd if kind == "svd" else params.svdpp
    if params.engine == "surprise":
        if kind == "svdpp" and params.implicit != "rated":
            raise BadParams("train: engine surprise knows rated movies only; set implicit to rated")
        return fit_surprise(kind, dataset, hyper, params.dtype)

    total = hyper.n_epochs * (2 if hyper.holdout_share else 1)
    with tqdm(total=total, desc=kind, unit="epoch", disable=not sys.stderr.isatty()) as bar:
        fit_once = fitter(kind, params, dataset.scale)
        return stopping.fit(
            fit_once, dataset.train, dataset.watched, hyper, lambda: bar.update() and None
        )


def fit_surprise(
    kind: str, dataset: Dataset, hyper: SVD | SVDpp, dtype: str
) -> tuple[Factors, stopping.History]:
    """The model by scikit-surprise, which tells nothing of its epochs but the end."""
    train = dataset.train
    if isinstance(hyper, SVDpp):
        model: Factors = reference.fit_svdpp(train, hyper, dataset.scale, dtype)
    else:
        model = reference.fit_svd(train, hyper, dataset.scale, dtype)
    error = rmse(model.predict(rows_of(train), train.indices) - train.data)
    return model, stopping.History([error], [])


def peak_rss_mb() -> int:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    run(main)
