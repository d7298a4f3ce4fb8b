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

from tqdm import tqdm

from movierec import cli, reference, stopping, svd, svdpp
from movierec.matrix import Dataset, load_dataset
from movierec.model import Epoch, Factors, OnEpoch
from movierec.modelfile import save_model
from movierec.params import Train, load_params


def fit(kind: str, dataset: Dataset, params: Train, on_epoch: OnEpoch) -> Factors:
    """The model of `kind`, by the engine that `params` names."""
    watched = dataset.watched if params.implicit == "watched" else None
    if params.engine == "surprise":
        if kind == "svd":
            return reference.fit_svd(dataset.train, params.svd, dataset.scale, params.dtype)
        return reference.fit_svdpp(dataset.train, params.svdpp, dataset.scale, params.dtype)
    if kind == "svd":
        return stopping.fit(svd.fit, dataset.train, params.svd, dataset.scale, params.dtype, on_epoch)
    raise NotImplementedError(watched)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("svd", "svdpp"), required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    options = parser.parse_args(arguments)


if __name__ == "__main__":
    cli.run(main)
