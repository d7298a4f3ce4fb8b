"""SVD answers by its formula, and folds a new user in."""

from typing import Any

import numpy as np
import pytest

from movierec.models.kinds import KINDS
from movierec.models.svd import SVDModel
from tests.inputs.ratings import PARAMS, SCALE, random_ratings, svd_params

MODEL = SVDModel(
    scale=SCALE,
    hyper=svd_params(n_factors=2),
    mean=3.0,
    user_bias=np.array([0.5, 0.0], "f4"),
    movie_bias=np.array([0.25, -0.25, 3.0], "f4"),
    user_factors=np.array([[1.0, 2.0], [0.0, -1.0]], "f4"),
    movie_factors=np.array([[0.5, 0.0, 0.0], [-0.25, 1.0, -9.0]], "f4"),
)


def test_a_rating_is_mean_biases_and_product_on_the_scale() -> None:
    assert MODEL.predict(np.array([0, 1, 1]), np.array([0, 1, 2])).tolist() == [3.75, 1.75, 5.0]
    assert MODEL.scores(0).tolist() == [3.75, 5.25, -11.5]
    assert MODEL.scores(1).tolist() == [3.5, 1.75, 15.0]


def test_nobody_s_history_folds_in_to_nobody() -> None:
    none = np.empty(0, np.int64)
    assert MODEL.scores_for(none, np.empty(0), none).tolist() == [3.25, 2.75, 6.0]
    assert MODEL.scores_for(none, np.empty(0), np.array([2])).tolist() == [3.25, 2.75, 6.0]


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_good_and_bad_ratings_move_a_new_user_s_scores(kind: str) -> None:
    hyper: Any = PARAMS[kind](n_factors=6, n_epochs=5)
    model = KINDS[kind].fit(random_ratings(30, 20, 0.3), hyper, scale=SCALE)
    none, items = np.empty(0, np.int64), np.array([1, 4, 7])
    nobody = model.scores_for(none, np.empty(0), none)
    glad = model.scores_for(items, np.full(3, 5.0), items)
    sad = model.scores_for(items, np.full(3, 1.0), items)
    assert (glad > nobody).all()  # so few epochs move little but the bias
    assert (sad < nobody).all()


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_a_folded_in_user_ranks_as_the_fitted_one(kind: str) -> None:
    """Known users, given their own ratings again as strangers, get nearly their own order."""
    train = random_ratings(200, 60, 0.4, seed=3)
    hyper: Any = PARAMS[kind](n_epochs=40, n_factors=4)
    model = KINDS[kind].fit(train, hyper, scale=SCALE)
    agreement = []
    for u in range(0, 200, 10):
        row = slice(train.indptr[u], train.indptr[u + 1])
        items, ratings = train.indices[row], train.data[row]
        folded = model.scores_for(items, ratings, items)
        agreement.append(np.corrcoef(folded, model.scores(u))[0, 1])
    assert np.mean(agreement) > 0.9


@pytest.mark.parametrize("movies", [2, 3, 7, 16, 1_001, 5_000])
@pytest.mark.parametrize("width", [1, 2, 7, 18, 130])
@pytest.mark.parametrize("order", ["C", "F"])
def test_scores_are_summed_factor_by_factor_to_the_bit(movies: int, width: int, order: Any) -> None:
    """As `predict` sums, so that a list and a rating are of the same numbers; on every machine."""
    random = np.random.default_rng([movies, width])

    def some(*size: int) -> Any:
        return np.asarray(random.normal(0, 1, size), np.float32, order=order)

    model = SVDModel(
        scale=(-1e9, 1e9),
        hyper=svd_params(n_factors=width),
        mean=3.53,
        user_bias=some(20),
        movie_bias=some(movies),
        user_factors=some(20, width),
        movie_factors=some(width, movies),
    )
    for u in range(20):
        scores = model.mean + float(model.user_bias[u]) + model.movie_bias.astype(np.float64)
        for z_f, q_f in zip(model.z(u).tolist(), model.movie_factors, strict=True):
            scores += np.multiply(q_f, z_f, dtype=np.float64)
        assert model.scores(u).tobytes() == scores.tobytes()
        every = np.arange(movies)
        assert model.predict(np.full(movies, u), every).tobytes() == scores.tobytes()
