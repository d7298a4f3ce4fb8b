"""Small packages of real models, saved as a release is: for tests of what answers with them."""

from pathlib import Path
from typing import Any

import numpy as np

from movierec.dataset.matrix import Watchers
from movierec.models.kernels import svd, svdpp
from movierec.models.saving import save_model
from movierec.models.uptaking import fit_uptake
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import HYPER

USERS, MOVIES = 12, 40
WATCHER, STRANGER = 3 * USERS, 3 * USERS + 1
"""A user who watched three movies and has no row; one who is not in the model."""
KINDS = ["svd", "svdpp", "svdpp-by-rating"]
"""The last one has no uptake."""


def package(folder: Path, kind: str) -> Path:
    """A package of one of KINDS in `folder`."""
    train, watched = (random_ratings(USERS, MOVIES, s, n) for n, s in ((0, 0.2), (1, 0.3)))
    params = {"n_factors": 3, "n_epochs": 4}
    model: Any = (
        svd.fit(train, svd_params(**params), scale=SCALE)
        if kind == "svd"
        else svdpp.fit(train, svdpp_params(**params), watched=watched, scale=SCALE)
    )
    watchers = Watchers(np.array([WATCHER]), np.array([0, 3]), np.array([1, 5, 30], np.int32))
    dataset = dataset_of(train, watched=watched, watchers=watchers)
    uptake = None if kind == "svdpp-by-rating" else fit_uptake(dataset, HYPER, "float32")
    save_model(folder, model, dataset, {}, uptake)
    return folder
