"""SVD in float64 is Surprise's, and what all models by descent have in common."""

from typing import Any

import numpy as np
import pytest
import surprise
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from movierec.dataset.matrix import rows_of
from movierec.errors import LimitExceeded
from movierec.models.accuracy import rmse
from movierec.models.kernels import svd
from movierec.models.kernels.normal import normals
from movierec.models.kinds import KINDS
from tests.inputs.ratings import (
    PARAMS,
    SCALE,
    in_order_of_appearance,
    predicted_by_surprise,
    random_ratings,
    svd_params,
)

TRAIN = in_order_of_appearance(random_ratings(60, 40, 0.25))
U = np.repeat(np.arange(60), 40)
I = np.tile(np.arange(40), 60)  # noqa: E741

by_descent = pytest.mark.parametrize("kind", sorted(PARAMS))


def fit(kind: str, train: sparse.csr_array, dtype: str = "float32", **changes: Any) -> Any:
    hyper = PARAMS[kind](**{"n_factors": 6, "n_epochs": 5, **changes})
    return KINDS[kind].fit(train, hyper, scale=SCALE, dtype=dtype)


def test_svd_in_float64_predicts_as_surprise_does() -> None:
    model = svd.fit(TRAIN, svd_params(), scale=SCALE, dtype="float64")
    theirs = predicted_by_surprise(TRAIN, surprise.SVD(n_factors=20, random_state=42))
    assert np.abs(model.predict(U, I) - theirs).max() < 1e-9


@by_descent
def test_float32_has_the_same_rmse(kind: str) -> None:
    train = random_ratings(200, 100, 0.2, seed=1)
    u, changes = rows_of(train), {"n_factors": 20, "n_epochs": 20}
    errors = [
        rmse(fit(kind, train, dtype, **changes).predict(u, train.indices) - train.data)
        for dtype in ("float64", "float32")
    ]
    assert abs(errors[0] - errors[1]) < 1e-4


@by_descent
def test_the_error_of_an_epoch_is_that_of_each_rating_before_its_update(kind: str) -> None:
    """With factors of zero and steps that move nothing it is the ratings' deviation."""
    train, told = random_ratings(12, 10, 0.4), list[float]()
    rates = {name: 1e-300 for name in vars(PARAMS[kind]()) if name.startswith("lr_")}
    hyper = PARAMS[kind](**{**rates, "lr_decay": 0.0, "init_std_dev": 0.0, "n_epochs": 2})
    KINDS[kind].fit(
        train, hyper, scale=SCALE, dtype="float64", on_epoch=lambda epoch: told.append(epoch.rmse)
    )
    assert told == pytest.approx([float(train.data.std(dtype=np.float64))] * 2, rel=1e-12)


@by_descent
@pytest.mark.parametrize("members", [1, 2])
def test_weights_of_one_change_no_bit(kind: str, members: int) -> None:
    plain = fit(kind, TRAIN, members=members)
    weighed = KINDS[kind].fit(TRAIN, plain.hyper, weights=np.ones(60, np.float32), scale=SCALE)
    assert weighed.entries() == plain.entries()
    for name, array in plain.arrays().items():
        assert weighed.arrays()[name].tobytes() == array.tobytes()


def test_a_weight_is_the_share_of_a_step_that_movies_take_and_users_take_whole_ones() -> None:
    """The equations of `movierec.models.svd` one by one, each movie's step times the weight."""
    train, hyper = random_ratings(15, 12, 0.3, seed=1), svd_params(n_factors=5, n_epochs=4)
    weights = np.where(np.arange(15) % 3 == 0, 0.25, np.where(np.arange(15) == 7, 0.02, 1.0))
    model = svd.fit(train, hyper, weights=weights.astype("f4"), scale=SCALE, dtype="float64")
    weights = weights.astype("f4").astype("f8")
    start = normals(hyper.seed, 0.0, hyper.init_std_dev, 27 * 5).reshape(-1, 5)
    (p, q), b_u, b_i = np.split(start.copy(), [15]), np.zeros(15), np.zeros(12)
    u = rows_of(train)
    mean = np.average(train.data, weights=weights[u])
    for _ in range(4):
        for u_, i, r in zip(u, train.indices, train.data, strict=True):
            e = r - (mean + b_u[u_] + b_i[i] + q[i] @ p[u_])
            part, p_u = weights[u_] * hyper.lr_qi, p[u_].copy()
            b_u[u_] += hyper.lr_bu * (e - hyper.reg_bu * b_u[u_])
            b_i[i] += part * (e - hyper.reg_bi * b_i[i])
            p[u_] += hyper.lr_pu * (e * q[i] - hyper.reg_pu * p_u)
            q[i] += part * (e * p_u - hyper.reg_qi * q[i])
    assert hyper.lr_qi == hyper.lr_bi
    assert model.mean == pytest.approx(mean, rel=1e-14)
    expected = mean + b_u[:, None] + b_i + p @ q.T
    assert np.abs([model.scores(u) for u in range(15)] - expected).max() < 1e-12


@by_descent
def test_users_and_movies_without_ratings_have_no_factors(kind: str) -> None:
    ratings = random_ratings(10, 8, 0.5)
    indptr = np.concatenate([[0], ratings.indptr])  # a user before the others rated nothing
    train = sparse.csr_array((ratings.data, ratings.indices, indptr), shape=(11, 9))
    model = fit(kind, train)
    assert not model.user_factors[0].any()
    assert model.user_bias[0] == 0
    assert not model.movie_factors[:, 8].any()
    assert model.movie_bias[8] == 0
    assert model.user_factors[1].any()
    assert model.movie_factors[:, 7].any()


@by_descent
@given(seed=st.integers(0, 100))
@settings(max_examples=10)
def test_movies_renamed_change_only_their_names(kind: str, seed: int) -> None:
    """With no initial factors nothing but the order of users and ratings counts."""
    train = random_ratings(12, 9, 0.4, seed=seed)
    order = np.random.default_rng(seed).permutation(9).astype(np.int32)
    renamed = train.copy()
    renamed.indices = order[train.indices]
    changes = {"init_std_dev": 0.0, "n_epochs": 8}
    one = fit(kind, train, "float64", **changes)
    other = fit(kind, renamed, "float64", **changes)
    for u in range(12):
        assert np.allclose(one.scores(u), other.scores(u)[order], atol=1e-12)


@by_descent
def test_training_that_diverges_names_epoch_model_and_rates(kind: str) -> None:
    with pytest.raises(
        LimitExceeded, match=rf"{kind}: training diverged in epoch \d+ of 50.*lr_pu"
    ):
        fit(kind, random_ratings(30, 20, 0.5), lr_pu=5.0, lr_qi=5.0, n_epochs=50)
