"""SVD++ in float64 is Surprise's; with watches in N(u) it is Koren's equations, taken one y_j at a
time."""

import numpy as np
import pytest
import surprise

from movierec.models.kernels import svdpp
from movierec.models.kernels.normal import normals
from movierec.models.svdpp import SVDpp
from tests.inputs.ratings import (
    SCALE,
    in_order_of_appearance,
    no_ratings,
    predicted_by_surprise,
    random_ratings,
    svdpp_params,
)

RATINGS = in_order_of_appearance(random_ratings(60, 40, 0.25))
U = np.repeat(np.arange(60), 40)
I = np.tile(np.arange(40), 60)  # noqa: E741
TRAIN, WATCHED = random_ratings(15, 12, 0.3, seed=1), random_ratings(15, 12, 0.3, seed=2)


def test_svdpp_in_float64_predicts_as_surprise_does() -> None:
    model = svdpp.fit(RATINGS, svdpp_params(), scale=SCALE, dtype="float64")
    theirs = predicted_by_surprise(RATINGS, surprise.SVDpp(random_state=42))
    assert np.abs(model.predict(U, I) - theirs).max() < 1e-9


def test_rates_of_their_own_agree() -> None:
    rates = {"lr_bu": 0.01, "lr_bi": 0.002, "lr_pu": 0.02, "lr_qi": 0.004, "lr_yj": 0.03}
    regs = {"reg_bu": 0.1, "reg_bi": 0.0, "reg_pu": 0.3, "reg_qi": 0.05, "reg_yj": 0.2}
    hyper = svdpp_params(init_mean=0.1, init_std_dev=0.2, seed=3, **rates, **regs)
    model = svdpp.fit(RATINGS, hyper, scale=SCALE, dtype="float64")
    theirs = surprise.SVDpp(init_mean=0.1, init_std_dev=0.2, random_state=3, **rates, **regs)
    assert np.abs(model.predict(U, I) - predicted_by_surprise(RATINGS, theirs)).max() < 1e-9


def by_the_equations(hyper: SVDpp, epochs: int, weights: np.ndarray) -> np.ndarray:
    """(n_users, n_movies) unclipped estimates, N(u) = watched ∪ rated, nothing rearranged."""
    n_users, n_movies = TRAIN.shape
    k = hyper.n_factors
    start = normals(hyper.seed, 0.0, hyper.init_std_dev, (n_users + 2 * n_movies) * k)
    p, q, y = np.split(start.reshape(-1, k).copy(), [n_users, n_users + n_movies])
    b_u, b_i = np.zeros(n_users), np.zeros(n_movies)
    mean = np.average(TRAIN.data, weights=np.repeat(weights, np.diff(TRAIN.indptr)))
    row = [slice(*TRAIN.indptr[u : u + 2]) for u in range(n_users)]
    seen = [slice(*WATCHED.indptr[u : u + 2]) for u in range(n_users)]
    N = [np.union1d(TRAIN.indices[row[u]], WATCHED.indices[seen[u]]) for u in range(n_users)]
    for epoch in range(epochs):
        decay = (1 - hyper.lr_decay) ** epoch
        for u in range(n_users):
            root, part = np.sqrt(len(N[u])), decay * weights[u]
            for i, r in zip(TRAIN.indices[row[u]], TRAIN.data[row[u]], strict=True):
                z = p[u] + y[N[u]].sum(axis=0) / root
                e = r - (mean + b_u[u] + b_i[i] + q[i] @ z)
                p_u, q_i = p[u].copy(), q[i].copy()
                b_u[u] += decay * hyper.lr_bu * (e - hyper.reg_bu * b_u[u])
                b_i[i] += part * hyper.lr_bi * (e - hyper.reg_bi * b_i[i])
                p[u] += decay * hyper.lr_pu * (e * q_i - hyper.reg_pu * p_u)
                q[i] += part * hyper.lr_qi * (e * z - hyper.reg_qi * q_i)
                y[N[u]] += part * hyper.lr_yj * (e * q_i / root - hyper.reg_yj * y[N[u]])
    S = np.array([y[N[u]].sum(axis=0) / np.sqrt(len(N[u])) for u in range(n_users)])
    return mean + b_u[:, None] + b_i + (p + S) @ q.T


@pytest.mark.parametrize("least", [1.0, 0.25])
def test_watched_movies_stand_in_n_of_u_rates_decay_and_movies_move_by_the_weight(
    least: float,
) -> None:
    hyper = svdpp_params(n_factors=5, n_epochs=6, lr_yj=0.05, lr_decay=0.2)
    weights = np.where(np.arange(15) % 4 == 1, least, 1.0)
    model = svdpp.fit(
        TRAIN, hyper, watched=WATCHED, weights=weights.astype("f4"), scale=SCALE, dtype="float64"
    )
    fitted = np.array([model.scores(u) for u in range(TRAIN.shape[0])])
    assert np.abs(fitted - by_the_equations(hyper, 6, weights)).max() < 1e-12


def test_the_same_pair_in_both_matrices_is_one_movie_of_n_of_u() -> None:
    hyper = svdpp_params(n_factors=5)
    twice = svdpp.fit(TRAIN, hyper, watched=TRAIN, scale=SCALE)
    once = svdpp.fit(TRAIN, hyper, watched=no_ratings(*TRAIN.shape), scale=SCALE)
    assert all((twice.arrays()[n] == once.arrays()[n]).all() for n in once.arrays())


def test_the_sum_of_a_user_is_divided_by_the_root_of_how_many_movies_it_is_of() -> None:
    y = np.array([[1.0, -2.0], [3.0, 5.0], [4.0, 1.0], [0.0, 4.0]])
    none, one, four = [], [1], [0, 1, 2, 3]
    sums = svdpp.implicit_sums(np.array([0, 0, 1, 5]), np.array([*none, *one, *four]), y)
    assert sums.tolist() == [[0, 0], [3, 5], [4, 4]]
