"""Packages of both models whose users and movies are the simulator's, trained in a moment."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from infra.simulator.world import make_world
from movierec.models.kernels import svd, svdpp
from movierec.models.saving import save_model
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import fitted


def save_models(folder: Path, seed: int) -> None:
    """Write `svd` and `svdpp` of the world of a seed into a folder."""
    world = make_world(seed, 500, 160)
    movies = np.array(sorted(slug.encode() for slug in world.movies))
    train = random_ratings(len(world.users), len(movies), 0.1)
    dataset = replace(dataset_of(train), users=world.users, movies=movies)
    uptake = fitted((train.indptr.astype(np.int64), train.indices), len(movies))
    few = {"n_factors": 5, "n_epochs": 2}
    one = svd.fit(train, svd_params(**few), scale=SCALE)
    plus = svdpp.fit(train, svdpp_params(**few), scale=SCALE, watched=train)
    for name, model in (("svd", one), ("svdpp", plus)):
        save_model(folder / name, model, dataset, {}, uptake)
