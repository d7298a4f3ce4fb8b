"""SVD++ with watches in N(u), against Koren's equations taken one y_j at a time."""

from typing import Any

import numpy as np
from scipy import sparse

from movierec.models import svdpp
from movierec.models.kernels import descent
from movierec.models.kernels.normal import normals
from tests.inputs.ratings import SCALE, random_ratings, svdpp_params

TRAIN, WATCHED = random_ratings(15, 12, 0.3, seed=1), random_ratings(15, 12, 0.3, seed=2)


def by_the_equations(hyper: Any, epochs: int) -> np.ndarray:
    """(n_users, n_movies) unclipped estimates, N(u) = watched ∪ rated, nothing rearranged."""
    n_users, n_movies = TRAIN.shape
    k = hyper.n_factors
    start = normals(hyper.seed, 0.0, hyper.init_std_dev, (n_users + 2 * n_movies) * k)
    p, q, y = np.split(start.reshape(-1, k).copy(), [n_users, n_users + n_movies])
    b_u, b_i, mean = np.zeros(n_users), np.zeros(n_movies), TRAIN.data.mean(dtype=np.float64)
    row = [slice(*TRAIN.indptr[u : u + 2]) for u in range(n_users)]
    seen = [slice(*WATCHED.indptr[u : u + 2]) for u in range(n_users)]
    N = [np.union1d(TRAIN.indices[row[u]], WATCHED.indices[seen[u]]) for u in range(n_users)]
    for epoch in range(epochs):
        decay = (1 - hyper.lr_decay) ** epoch
        for u in range(n_users):
            root = np.sqrt(len(N[u]))
            for i, r in zip(TRAIN.indices[row[u]], TRAIN.data[row[u]], strict=True):
                z = p[u] + y[N[u]].sum(axis=0) / root
                e = r - (mean + b_u[u] + b_i[i] + q[i] @ z)
                p_u, q_i = p[u].copy(), q[i].copy()
                b_u[u] += decay * hyper.lr_bu * (e - hyper.reg_bu * b_u[u])
                b_i[i] += decay * hyper.lr_bi * (e - hyper.reg_bi * b_i[i])
                p[u] += decay * hyper.lr_pu * (e * q_i - hyper.reg_pu * p_u)
                q[i] += decay * hyper.lr_qi * (e * z - hyper.reg_qi * q_i)
                y[N[u]] += decay * hyper.lr_yj * (e * q_i / root - hyper.reg_yj * y[N[u]])
    S = np.array([y[N[u]].sum(axis=0) / np.sqrt(len(N[u])) for u in range(n_users)])
    return mean + b_u[:, None] + b_i + (p + S) @ q.T


def test_watched_movies_stand_in_n_of_u_and_rates_decay() -> None:
    hyper = svdpp_params(n_factors=5, n_epochs=6, lr_yj=0.05, lr_decay=0.2)
    model = svdpp.fit(TRAIN, hyper, watched=WATCHED, scale=SCALE, dtype="float64")
    fitted = np.array([model.scores(u) for u in range(TRAIN.shape[0])])
    assert np.abs(fitted - by_the_equations(hyper, 6)).max() < 1e-12


def test_learning_rates_shrink_by_their_decay() -> None:
    hyper = svdpp_params(n_factors=2, lr_decay=0.25)
    steps = descent.steps(np.dtype("f8"), hyper, 3)
    assert np.isclose(steps["gain_p"].max(), hyper.lr_pu * 0.75**2, rtol=1e-14)


def test_a_new_user_s_watches_count_where_the_model_knows_watches() -> None:
    none: np.ndarray = np.empty(0, np.int64)
    hyper = svdpp_params(n_factors=5)
    for watched, counts in ((WATCHED, True), (None, False)):
        model = svdpp.fit(TRAIN, hyper, watched=watched, scale=SCALE)
        stranger = model.scores_for(none, np.empty(0), none)
        viewer = model.scores_for(none, np.empty(0), np.array([1, 5]))
        assert (not np.allclose(stranger, viewer)) == counts


def test_the_same_pair_in_both_matrices_is_one_movie_of_n_of_u() -> None:
    hyper = svdpp_params(n_factors=5)
    twice = svdpp.fit(TRAIN, hyper, watched=TRAIN, scale=SCALE)
    once = svdpp.fit(TRAIN, hyper, watched=sparse.csr_array(TRAIN.shape), scale=SCALE)
    assert all((twice.arrays()[n] == once.arrays()[n]).all() for n in once.arrays())
