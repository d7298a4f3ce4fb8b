"""Our SVD and SVD++ against scikit-surprise: the same predictions from the same ratings."""

from typing import Any

import numpy as np
import pytest
import surprise
from scipy import sparse

from movierec.models import by_surprise as reference
from movierec.models import svd, svdpp
from movierec.models.accuracy import rmse
from tests.inputs.ratings import (
    SCALE,
    in_order_of_appearance,
    random_ratings,
    svd_params,
    svdpp_params,
)

TRAIN = in_order_of_appearance(random_ratings(60, 40, 0.25))
U = np.repeat(np.arange(60), 40)
I = np.tile(np.arange(40), 60)  # noqa: E741


def fitted_by_surprise(train: sparse.csr_array, algorithm: Any) -> np.ndarray:
    """All predictions by Surprise's own path: a Dataset from raw triples, fit, predict."""
    u = np.repeat(np.arange(train.shape[0]), np.diff(train.indptr))
    triples = [
        (int(a), int(b), float(r), None)
        for a, b, r in zip(u, train.indices, train.data, strict=True)
    ]
    dataset = surprise.Dataset(surprise.Reader(rating_scale=SCALE))
    algorithm.fit(dataset.construct_trainset(triples))
    return np.array([algorithm.predict(int(a), int(b)).est for a, b in zip(U, I, strict=True)])


def test_svd_in_float64_predicts_as_surprise_does() -> None:
    model = svd.fit(TRAIN, svd_params(), scale=SCALE, dtype="float64")
    theirs = fitted_by_surprise(TRAIN, surprise.SVD(n_factors=20, random_state=42))
    assert np.abs(model.predict(U, I) - theirs).max() < 1e-9


def test_svdpp_in_float64_predicts_as_surprise_does() -> None:
    model = svdpp.fit(TRAIN, svdpp_params(), scale=SCALE, dtype="float64")
    theirs = fitted_by_surprise(TRAIN, surprise.SVDpp(random_state=42))
    assert np.abs(model.predict(U, I) - theirs).max() < 1e-9


@pytest.mark.parametrize("factors", [1, 6, 7, 50])
def test_any_number_of_factors_agrees(factors: int) -> None:
    hyper = svdpp_params(n_factors=factors, n_epochs=3)
    model = svdpp.fit(TRAIN, hyper, scale=SCALE, dtype="float64")
    theirs = surprise.SVDpp(n_factors=factors, n_epochs=3, random_state=42)
    assert np.abs(model.predict(U, I) - fitted_by_surprise(TRAIN, theirs)).max() < 1e-9


def test_rates_of_their_own_agree() -> None:
    rates = {"lr_bu": 0.01, "lr_bi": 0.002, "lr_pu": 0.02, "lr_qi": 0.004, "lr_yj": 0.03}
    regs = {"reg_bu": 0.1, "reg_bi": 0.0, "reg_pu": 0.3, "reg_qi": 0.05, "reg_yj": 0.2}
    hyper = svdpp_params(init_mean=0.1, init_std_dev=0.2, seed=3, **rates, **regs)
    model = svdpp.fit(TRAIN, hyper, scale=SCALE, dtype="float64")
    theirs = surprise.SVDpp(init_mean=0.1, init_std_dev=0.2, random_state=3, **rates, **regs)
    assert np.abs(model.predict(U, I) - fitted_by_surprise(TRAIN, theirs)).max() < 1e-9


@pytest.mark.parametrize("kind", ["svd", "svdpp"])
def test_float32_has_the_same_rmse(kind: str) -> None:
    train = random_ratings(200, 100, 0.2, seed=1)
    u = np.repeat(np.arange(200), np.diff(train.indptr))
    errors = []
    for dtype in ("float64", "float32"):
        if kind == "svd":
            model = svd.fit(train, svd_params(), scale=SCALE, dtype=dtype)
        else:
            model = svdpp.fit(train, svdpp_params(), scale=SCALE, dtype=dtype)
        errors.append(rmse(model.predict(u, train.indices) - train.data))
    assert abs(errors[0] - errors[1]) < 1e-4


@pytest.mark.parametrize("kind", ["svd", "svdpp"])
def test_the_engine_surprise_gives_a_model_of_ours(kind: str) -> None:
    train = random_ratings(60, 40, 0.25)
    if kind == "svd":
        ours = svd.fit(train, svd_params(), scale=SCALE, dtype="float64")
        theirs = reference.fit_svd(train, svd_params(), SCALE, "float64")
    else:
        ours = svdpp.fit(train, svdpp_params(), scale=SCALE, dtype="float64")
        theirs = reference.fit_svdpp(train, svdpp_params(), SCALE, "float64")
    assert np.abs(ours.predict(U, I) - theirs.predict(U, I)).max() < 1e-9
    assert theirs.kind == kind
