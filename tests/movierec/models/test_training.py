"""What fits a model is chosen by params.yaml's `train`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from movierec.dataset.matrix import TakeUps, Watchers
from movierec.errors import BadParams
from movierec.models.kinds import KINDS
from movierec.models.popularity import trend
from movierec.models.svd import SVD
from movierec.models.svdpp import SVDpp
from movierec.models.training import Train, fit_uptake, fitter, load_train, load_uptake
from movierec.models.uptake import Uptake
from tests.inputs.models import ITEM_MEAN
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import HYPER

PARAMS = Path(__file__).parents[3] / "params.yaml"
RATINGS, WATCHED = random_ratings(8, 6, 0.5), random_ratings(8, 6, 0.5, seed=1)


def fitted(name: str, hyper: Any, **changes: str) -> Any:
    train = Train(**{"engine": "fast", "dtype": "float64", "implicit": "rated", **changes})
    return fitter(KINDS[name], train, SCALE)(RATINGS, WATCHED, hyper, lambda epoch: None)


def changed(folder: Path, **keys: Any) -> Path:
    document = yaml.safe_load(PARAMS.read_text())
    document["train"] |= keys
    (folder / "params.yaml").write_text(yaml.safe_dump(document))
    return folder / "params.yaml"


def test_the_shipped_section_has_what_all_share_and_one_kind_s_own() -> None:
    common, hyper = load_train(PARAMS, "svd")
    assert common == Train(engine="fast", dtype="float32", implicit="watched")
    assert type(hyper) is SVD
    assert type(load_train(PARAMS, "svdpp")[1]) is SVDpp


def test_a_key_that_is_neither_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match="train: unknown key 'enigne'; it takes dtype, engine, im"):
        load_train(changed(tmp_path, enigne="fast"), "svd")
    with pytest.raises(BadParams, match="unknown key 'mean'"):
        load_train(changed(tmp_path, mean={}), "svd")


def test_another_kind_s_section_is_not_looked_at(tmp_path: Path) -> None:
    path = changed(tmp_path, svdpp={"n_factor": 3})
    load_train(path, "svd")
    with pytest.raises(BadParams, match="train: svdpp: unknown key 'n_factor'"):
        load_train(path, "svdpp")


def test_the_dtype_and_the_scale_are_those_asked_for() -> None:
    for dtype in ("float32", "float64"):
        model = fitted("svd", svd_params(), dtype=dtype)
        assert model.user_factors.dtype == dtype
        assert model.scale == SCALE


def test_watches_change_what_svdpp_learns() -> None:
    one, other = (fitted("svdpp", svdpp_params(), implicit=i) for i in ("rated", "watched"))
    assert (one.watches, other.watches) == (False, True)
    assert np.abs(one.user_factors - other.user_factors).max() > 1e-6


def test_the_engine_surprise_refuses_what_it_does_not_know() -> None:
    with pytest.raises(BadParams, match="engine surprise knows rated movies only; set implicit"):
        fitted("svdpp", svdpp_params(), engine="surprise", implicit="watched")
    surprise = Train(engine="surprise", dtype="float64", implicit="rated")
    with pytest.raises(BadParams, match="engine surprise knows no Item mean; set it to fast"):
        fitter(ITEM_MEAN, surprise, SCALE)


# Who takes up what


def test_the_shipped_uptake_is_on_and_without_a_trend() -> None:
    assert load_uptake(PARAMS) == Uptake(
        n_factors=64, n_epochs=8, unobserved=0.2, reg=0.3, floor=0.1, trend_days=0.0, seed=42
    )


def test_a_key_that_it_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match=r"train: uptake: unknown key 'k'"):
        load_uptake(changed(tmp_path, uptake={"k": 1}))


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
