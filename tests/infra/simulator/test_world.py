"""The hidden truth can be learned: models beat the baselines, and nothing beats the truth."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from infra.simulator.exact import stream
from infra.simulator.sessions import Life
from infra.simulator.world import NOISE, TASTE, make_world, rate
from movierec.evaluation.baselines import Biases
from movierec.lines.kinds import RATING, WATCH
from movierec.models.kernels import svd, svdpp
from movierec.models.svdpp import SVDpp
from movierec.models.training import load_train
from tests.infra.simulator.conftest import FIRST

ROOT = Path(__file__).parents[3]
SCALE = (1.0, 5.0)
QUICK = {"n_epochs": 40, "n_factors": 10, "lr_pu": 0.02, "lr_qi": 0.02, "reg_pu": 0.08}


@pytest.fixture(scope="module")
def life():
    """The demo's days: ratings and watches as matrices, and the truth."""
    world = make_world(7, users=500, movies=160)
    rows = np.concatenate(list(Life(world, 600_000).days(FIRST, 3, 2**62)))
    u = np.searchsorted(world.users, rows["user"])
    watched = rows["kind"] == WATCH
    rated = np.flatnonzero(rows["kind"] == RATING)
    pairs, last = np.unique(u[rated][::-1] * 1000 + rows["movie"][rated][::-1], return_index=True)
    values = rows["number"][rated][::-1][last]
    held = stream(1).random(len(pairs)) < 0.2
    shape = (len(world.users), len(world.movies))

    def matrix(pairs, values):
        coordinates = pairs // 1000, pairs % 1000
        return sparse.csr_array((values.astype(np.float32), coordinates), shape=shape)

    watch_pairs = np.unique(u[watched] * 1000 + rows["movie"][watched])
    watch_pairs = watch_pairs[~np.isin(watch_pairs, pairs[held])]
    return {
        "world": world,
        "train": matrix(pairs[~held], values[~held]),
        "watched": matrix(watch_pairs, np.ones(len(watch_pairs))),
        "u": pairs[held] // 1000,
        "i": pairs[held] % 1000,
        "rating": values[held],
    }


def rmse(life, predicted):
    return float(np.sqrt(np.mean((predicted - life["rating"]) ** 2)))


@pytest.fixture(scope="module")
def scores(life):
    (_, tuned), (_, tuned_pp) = (
        load_train(ROOT / "params.yaml", kind) for kind in ("svd", "svdpp")
    )
    assert isinstance(tuned_pp, SVDpp)
    train, u, i = life["train"], life["u"], life["i"]
    hyper = dataclasses.replace(tuned, **QUICK)
    hyper_pp = dataclasses.replace(tuned_pp, **QUICK, lr_yj=0.02)
    world = life["world"]
    models: dict[str, Any] = {
        "svd": svd.fit(train, hyper, scale=SCALE),
        "svdpp": svdpp.fit(train, hyper_pp, scale=SCALE, watched=life["watched"]),
        "biases": Biases.fit(train, SCALE),
    }
    predicted = {name: model.predict(u, i) for name, model in models.items()}
    predicted["truth"] = np.array([world.expected_rating(*pair) for pair in zip(u, i, strict=True)])
    return {name: rmse(life, values) for name, values in predicted.items()}


def test_models_beat_the_biases_clearly(scores):
    assert scores["svd"] < 0.95 * scores["biases"]
    assert scores["svdpp"] < 0.95 * scores["biases"]


def test_no_model_beats_the_truth(scores):
    assert scores["truth"] < min(scores["svd"], scores["svdpp"])
    assert scores["truth"] == pytest.approx(0.5, abs=0.08)


def test_people_watch_more_of_what_they_like(life):
    world, watched = life["world"], life["watched"]
    liking = world.liking(np.arange(len(world.users)))
    chosen = sparse.csr_array(watched).toarray() > 0
    assert liking[chosen].mean() > liking.mean() + 0.2


def test_taste_has_the_spread_that_it_says():
    world = make_world(3, users=2000, movies=500)
    assert world.taste(np.arange(2000)).std() == pytest.approx(TASTE, rel=0.1)


def test_expected_rating_is_the_mean_of_ratings():
    world = make_world(3, users=5, movies=5)
    liking = world.liking(np.arange(5))[2, 3]
    given = rate(stream(9), np.full(20_000, liking))
    assert given.mean() == pytest.approx(world.expected_rating(2, 3), abs=4 * NOISE / 20_000**0.5)


def test_ids_are_distinct_and_well_formed():
    world = make_world(3, users=300, movies=400)
    assert len(set(world.movies)) == 400
    assert (np.diff(world.users) > 0).all()
