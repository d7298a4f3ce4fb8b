"""Who takes up what is fitted as params.yaml's `train.uptake` says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movierec.dataset.matrix import TakeUps, Watchers
from movierec.errors import BadParams
from movierec.models.kernels import coordinates, minima
from movierec.models.kernels.sharing import share_out
from movierec.models.popularity import trend
from movierec.models.uptake import Uptake
from movierec.models.uptaking import fit_uptake, load_dtype, load_uptake
from tests.inputs.params import PARAMS, with_train
from tests.inputs.ratings import dataset_of, random_ratings
from tests.inputs.uptake import HYPER

RATINGS, WATCHED = random_ratings(8, 6, 0.5), random_ratings(8, 6, 0.5, seed=1)


def test_the_shipped_uptake_is_on_and_without_a_trend() -> None:
    assert load_uptake(PARAMS) == Uptake(
        n_factors=64, n_epochs=8, unobserved=0.2, reg=0.3, floor=0.1, trend_days=0.0, seed=42
    )


def test_a_key_that_it_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match=r"train: uptake: unknown key 'k'"):
        load_uptake(with_train(tmp_path, uptake={"k": 1}))


def test_of_what_is_shared_it_looks_at_the_dtype_alone(tmp_path: Path) -> None:
    path = with_train(tmp_path, dtype="float64", engine="steam", enigne="fast", svd={"n_factor": 3})
    assert load_dtype(path) == "float64"
    with pytest.raises(BadParams, match="train: dtype must be one of float32, float64, got 'half'"):
        load_dtype(with_train(tmp_path, dtype="half"))


def test_without_factors_there_is_none() -> None:
    assert fit_uptake(dataset_of(RATINGS), replace(HYPER, n_factors=0), "float32") is None


def test_watchers_shape_the_movies_and_get_no_row() -> None:
    watchers = Watchers(np.array([5]), np.array([0, 2]), np.array([0, 3], np.int32))
    with_them, without = (
        fit_uptake(dataset_of(RATINGS, watched=WATCHED, watchers=who), HYPER, "float32")
        for who in (watchers, Watchers())
    )
    assert with_them is not None and without is not None
    assert with_them.user.shape == without.user.shape == (8, HYPER.n_factors)
    assert (with_them.movie != without.movie).any()
    assert with_them.share[0] > without.share[0]


def test_its_trend_is_that_of_the_days_asked_for() -> None:
    take_ups = TakeUps(*np.array([[0, 500], [0, 1], [1, 1]], np.int32))
    dataset = replace(dataset_of(RATINGS), take_ups=take_ups)
    plain = fit_uptake(dataset, HYPER, "float32")
    of_late = fit_uptake(dataset, replace(HYPER, trend_days=2.0), "float32")
    assert plain is not None and of_late is not None
    assert (plain.trend == 1).all()
    assert of_late.trend.tolist() == trend(dataset, 2.0).astype(np.float32).tolist()


def test_each_part_of_the_fit_is_shared_out_over_the_threads_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def sharing(*arguments: Any) -> None:
        asked.append(arguments[-1])
        share_out(*arguments)

    for module in (coordinates, minima):
        monkeypatch.setattr(module, "share_out", sharing)
    assert fit_uptake(dataset_of(RATINGS), replace(HYPER, n_epochs=4), "float32", 3) is not None
    assert asked == [3] * (4 + 4 + 1)
