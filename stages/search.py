"""Search for a model's hyperparameters. It never sees the validation part.

    python stages/search.py --model svdpp --dataset data/dataset --seconds 600

Each trial holds a share of the *training* ratings out, stops where their error is least, and
is scored by that error, averaged over several such parts; one that is far behind after the first
is given up. Most trials are steps from the best so far. The best settings are printed as a section
for params.yaml; `dvc exp run -S train.svdpp.reg_yj=…` then tries one by hand. Trials are kept
in a log: the same command, started again, goes on where it was.
"""

import argparse
import hashlib
import json
import math
import sys
import textwrap
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from movierec.cli import real, run, whole
from movierec.dataset.datasetfile import load_dataset
from movierec.dataset.matrix import Dataset
from movierec.errors import BadInput, LimitExceeded
from movierec.models.judging import PARTS, Judged
from movierec.models.kinds import KINDS
from movierec.models.searching import search
from movierec.models.svd import SVD
from movierec.models.training import Train, fitter, load_train
from movierec.models.trials import Trials

LOGS = Path(".cache/search")
TRIALS = 200
"""Where neither --trials nor --seconds bounds a search."""
SCREEN = 120
"""Characters a line."""
HEAD = "trial  holdout RMSE  what changed from the best before"


def main(arguments: list[str]) -> int:
    """Search and print the best settings."""
    options = parse(arguments)
    dataset = load_dataset(options.dataset)
    params, start = load_train(options.params, options.model)
    assert isinstance(start, SVD)
    log = log_of(options, dataset, params, start)
    print(f"# trials are kept in {log.path}, {len(log)} so far", file=sys.stderr)
    with Bar(options.trials, options.seconds) as bar:
        found, judged = search(
            fitter(KINDS[options.model], params, dataset.scale, dataset.weights),
            dataset,
            start,
            trials=options.trials,
            seconds=options.seconds,
            seed=options.seed,
            log=log,
            on_trial=bar.on_trial,
            progress=bar.on_epoch,
        )
    if judged is None:
        raise LimitExceeded(
            f"{options.model}: no trial ended well within the budget; give more --seconds or "
            "--trials, or mend a start that diverges"
        )
    print(f"# holdout RMSE {judged.score:.5f} over {PARTS} parts of the training ratings")
    print(yaml.safe_dump({options.model: asdict(found)}, sort_keys=False), end="")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="search", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", choices=searchable(), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument(
        "--trials", type=whole, help="in all, those in the log too; 200, or by --seconds alone"
    )
    parser.add_argument("--seconds", type=real, default=math.inf, help="of this run")
    parser.add_argument("--seed", type=whole, default=1)
    parser.add_argument("--log", type=Path, help=f"default: one a search below {LOGS}")
    options = parser.parse_args(arguments)
    if options.trials is None:
        options.trials = TRIALS if options.seconds == math.inf else sys.maxsize
    if options.trials < 1 or not options.seconds > 0 or options.seed < 0:
        raise BadInput("--trials must be 1 or more, --seconds above 0, --seed 0 or more")
    return options


def searchable() -> tuple[str, ...]:
    """The kinds of model that the search knows how to vary: those that descend as SVD does."""
    return tuple(name for name, kind in KINDS.items() if issubclass(kind.hyper, SVD))


def log_of(options: argparse.Namespace, dataset: Dataset, params: Train, start: SVD) -> Trials:
    """The log of the search that is asked for. Raises as `Trials` does."""
    about = {
        "model": options.model,
        "data_hash": dataset.data_hash,
        "train": asdict(params),
        "start": asdict(start),
        "seed": options.seed,
    }
    name = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    return Trials(options.log or LOGS / f"{options.model}-{name}.jsonl", about)


class Bar:
    """Progress on a terminal, by trials or, with a budget, by seconds; each best is a row of a
    table."""

    def __init__(self, trials: int, seconds: float) -> None:
        self._started, self._by_time = time.monotonic(), seconds < float("inf")
        self._done = 0
        self._best: SVD | None = None
        total, unit = (round(seconds), "s") if self._by_time else (trials, "trial")
        quiet = not sys.stderr.isatty()
        self._bar: Any = tqdm(total=total, unit=unit, disable=quiet)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def on_epoch(self) -> None:
        """Time goes on."""
        if self._by_time:
            self._bar.update(int(time.monotonic() - self._started) - self._bar.n)

    def on_trial(self, hyper: SVD, judged: Judged, best: bool) -> None:
        """See `searching.OnTrial`."""
        self._done += 1
        if not self._by_time:
            self._bar.update()
        if best:
            if self._best is None:
                self._bar.write(HEAD, file=sys.stderr)
            row = f"{self._done:>5}  {judged.score:12.5f}  "
            text = ", ".join(changes(self._best, hyper)) if self._best else "the start"
            lines = textwrap.wrap(
                text, SCREEN, initial_indent=row, subsequent_indent=" " * len(row)
            )
            self._bar.write("\n".join(lines), file=sys.stderr)
            self._bar.set_postfix(trial=self._done, best=f"{judged.score:.5f}")
            self._best = hyper


def changes(before: SVD, after: SVD) -> list[str]:
    """What differs, such as `lr_pu 0.024 → 0.03`."""
    values, new = asdict(before), asdict(after)
    return [f"{key} {old:.3g} → {new[key]:.3g}" for key, old in values.items() if old != new[key]]


if __name__ == "__main__":
    run(main)
