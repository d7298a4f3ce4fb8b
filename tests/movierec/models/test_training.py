"""What fits a model is chosen by params.yaml's `train`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movierec.errors import BadParams
from movierec.models.kinds import KINDS
from movierec.models.svd import SVD
from movierec.models.svdpp import SVDpp
from movierec.models.training import Train, fitter, load_train
from tests.inputs.models import ITEM_MEAN
from tests.inputs.params import PARAMS, with_train
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params

RATINGS, WATCHED = random_ratings(8, 6, 0.5), random_ratings(8, 6, 0.5, seed=1)


def fitted(name: str, hyper: Any, **changes: str) -> Any:
    train = Train(**{"engine": "fast", "dtype": "float64", "implicit": "rated", **changes})
    return fitter(KINDS[name], train, SCALE)(RATINGS, WATCHED, hyper, lambda epoch: None)


def test_the_shipped_section_has_what_all_share_and_one_kind_s_own() -> None:
    common, hyper = load_train(PARAMS, "svd")
    assert common == Train(engine="fast", dtype="float32", implicit="watched")
    assert type(hyper) is SVD
    assert type(load_train(PARAMS, "svdpp")[1]) is SVDpp


def test_a_key_that_is_neither_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match="train: unknown key 'enigne'; it takes dtype, engine, im"):
        load_train(with_train(tmp_path, enigne="fast"), "svd")
    with pytest.raises(BadParams, match="unknown key 'mean'"):
        load_train(with_train(tmp_path, mean={}), "svd")


def test_another_kind_s_section_is_not_looked_at(tmp_path: Path) -> None:
    path = with_train(tmp_path, svdpp={"n_factor": 3})
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
