"""Fit who takes up what: the part of lists' order that both models share.

    python stages/uptake.py --dataset data/dataset --output models/uptake

With `train.uptake.n_factors: 0` it writes that there is none. Each core fits some of the rows: how
many there are changes no byte, so dvc.yaml names no number. Seconds and memory go to the log line
alone.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from movierec.arrays import read_manifest
from movierec.cli import peak_rss_mb, run
from movierec.dataset.datasetfile import load_dataset
from movierec.models.uptake import Uptake
from movierec.models.uptakefile import save_uptake
from movierec.models.uptaking import fit_uptake, load_dtype, load_uptake
from movierec.threads import threads


def main(arguments: list[str]) -> int:
    """Fit it to `--dataset` and write it."""
    parser = argparse.ArgumentParser(prog="uptake", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--threads", type=threads, default="0", help="how many at once; 0: one a core"
    )
    options = parser.parse_args(arguments)
    hyper, dtype = load_uptake(options.params), load_dtype(options.params)
    dataset = load_dataset(options.dataset, mmap=True)
    warn_of_trend(hyper, read_manifest(options.dataset)["facts"].get("split"))
    started = time.monotonic()
    fitted = fit_uptake(dataset, hyper, dtype, options.threads)
    seconds = time.monotonic() - started
    save_uptake(options.output, fitted, dataset.data_hash)
    measured = {"seconds": round(seconds, 2), "peak_rss_mb": peak_rss_mb()}
    print(json.dumps({"stage": "uptake", "n_factors": hyper.n_factors, **measured}))
    return 0


def warn_of_trend(hyper: Uptake, split: str | None) -> None:
    """Say on stderr when a trend is asked for where it can only harm."""
    if hyper.n_factors and hyper.trend_days and split == "random":
        print(
            f"uptake: train.uptake.trend_days is {hyper.trend_days:g}, but preprocess.split random "
            "holds ratings of all times out, which no trend can find: try global_time",
            file=sys.stderr,
        )


if __name__ == "__main__":
    run(main)
