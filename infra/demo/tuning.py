"""Which hyperparameters a replay trains with: those that fit its file, told by its own ratings.

params.yaml's were found on simulated viewers, who rate often; who gives a few noisy ratings is
overfitted by them. So they are tried against `SPARSE` on held-out *training* ratings, and the
better ones train; a search from there on may follow. The validation part has no say.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from movierec.dataset.datasetfile import load_dataset
from movierec.dataset.matrix import Dataset
from movierec.files import write_text
from movierec.models.judging import Judged, choose
from movierec.models.kinds import KINDS
from movierec.models.searching import search
from movierec.models.svd import SVD
from movierec.models.training import Train, fitter, load_train
from movierec.yamlfile import read_yaml

SPARSE = {
    "n_factors": 20,
    "n_epochs": 60,
    "init_std_dev": 0.02,
    "lr": 0.005,
    "reg": 0.2,
    "reg_bu": 0.1,
    "reg_bi": 0.1,
}
"""For people who give a few ratings each; `lr` and `reg` are all that are not named. Chosen among
eight by a fifth of MovieTweetings' training ratings, held out; but validation errors of earlier
choices had been seen by then, so take its RMSE as slightly too good."""
TRIALS = 100_000
"""The seconds end a search, not these."""

Say = Callable[[str], object]


def tune(workspace: Path, seconds: float, say: Say) -> None:
    """Put the values that fit `data/dataset` of a workspace into its params.yaml, for each kind of
    model that descends; with `seconds`, those that a search of so long finds. Says of each which.
    """
    path = workspace / "params.yaml"
    document = read_yaml(path, "the project's params.yaml was copied there")
    dataset = load_dataset(workspace / "data/dataset")
    for name in KINDS:
        params, hyper = load_train(path, name)
        if isinstance(hyper, SVD) and params.engine == "fast":
            found = fitting(name, dataset, params, hyper, seconds, say)
            document["train"][name] = asdict(found)
    write_text(path, yaml.safe_dump(document, sort_keys=False))


def fitting(
    name: str, dataset: Dataset, params: Train, hyper: SVD, seconds: float, say: Say
) -> SVD:
    """`hyper` or its like for sparse ratings, or what a search from the better one on finds."""
    title = KINDS[name].title
    fit_once = fitter(KINDS[name], params, dataset.scale, dataset.weights)
    found = choose(fit_once, dataset, [hyper, sparse(hyper)])
    whose = "params.yaml's own" if found == hyper else "those for few ratings each"
    say(f"{title}: of two sets of values, {whose} err least on held-out training ratings")
    if not seconds:
        return found

    def on_trial(tried: SVD, judged: Judged, best: bool) -> None:
        if best:
            say(f"{title}: searching for {seconds:g} s: {judged.score:.4f} on them")

    return search(fit_once, dataset, found, trials=TRIALS, seconds=seconds, on_trial=on_trial)[0]


def sparse(hyper: SVD) -> SVD:
    """`hyper` with the values of SPARSE."""
    every = {key: key.split("_")[0] for key in vars(hyper)}  # lr_bu → lr
    del every["lr_decay"]
    values: dict[str, Any] = {key: SPARSE.get(key, SPARSE.get(g)) for key, g in every.items()}
    return replace(hyper, **{key: value for key, value in values.items() if value is not None})
