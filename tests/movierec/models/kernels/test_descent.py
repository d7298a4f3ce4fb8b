"""Rows, steps and epochs of the descent, without a kernel."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from movierec.dataset.matrix import csr
from movierec.errors import BadInput, LimitExceeded
from movierec.models.kernels import descent
from movierec.models.kernels.lanes import LINE_BYTES
from movierec.models.model import Epoch
from movierec.models.svd import SVDModel
from tests.inputs.ratings import SCALE, no_ratings, random_ratings, svd_params, svdpp_params

Member = descent.Member[Any]


def member(sweep: Callable[[int], float]) -> Member:
    """A descent whose factors do not matter."""
    row, column, none = np.zeros((1, 20)), np.zeros((20, 1)), np.zeros(1)
    parts = {"user_bias": none, "movie_bias": none, "user_factors": row, "movie_factors": column}
    return Member(sweep, lambda: SVDModel(scale=SCALE, hyper=svd_params(), mean=3.0, **parts))


def test_nothing_to_learn_from_is_refused() -> None:
    descent.check(random_ratings(4, 4, 0.9))
    with pytest.raises(BadInput, match="no ratings to train on"):
        descent.check(no_ratings(3, 3))
    bad = random_ratings(4, 4, 0.9)
    bad.data[2] = np.inf
    with pytest.raises(BadInput, match="not a finite number"):
        descent.check(bad)


def test_ratings_come_less_their_mean() -> None:
    train = random_ratings(5, 4, 0.6)
    mean, indptr, indices, ratings = descent.observed(
        train, descent.Weights.of(None, train.shape[0]), np.dtype("f8")
    )
    assert mean == pytest.approx(train.data.mean(dtype=np.float64), abs=1e-15)
    assert ratings.tolist() == (train.data.astype("f8") - mean).tolist()
    assert (indptr.dtype, indices.dtype) == (np.int64, np.int32)
    large = np.array([1 << 24, 1, 1, 1], np.float32)
    assert descent.mean_of(large, None) == ((1 << 24) + 3) / 4
    assert descent.mean_of(large, lambda part: np.ones(4)[part]) == ((1 << 24) + 3) / 4


def test_a_row_is_factors_then_biases_on_a_cache_line() -> None:
    factors = np.arange(10.0).reshape(2, 5)
    users = descent.rows(np.dtype("f4"), factors, 1, "p")
    movies = descent.rows(np.dtype("f4"), factors, 0, "q", "y")
    assert users["p"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 0], [5, 6, 7, 8, 9, 0, 1, 0]]
    assert movies["q"][0].tolist() == [0, 1, 2, 3, 4, 1, 0, 0]
    assert not movies["y"].any()
    assert users.ctypes.data % LINE_BYTES == movies.ctypes.data % LINE_BYTES == 0


@pytest.mark.parametrize(("factors", "lanes"), [(5, 8), (6, 8), (7, 16)])
def test_a_row_has_the_lanes_that_its_steps_are_laid_out_for(factors: int, lanes: int) -> None:
    """Steps count from a row's end: with a vector more, biases would be learnt as factors."""
    row = descent.rows(np.dtype("f8"), np.ones((1, factors)), 1, "p")["p"][0]
    steps = descent.steps(np.dtype("f8"), svd_params(n_factors=factors, lr_bu=0.1), 1, [1.0])
    assert len(row) == lanes
    assert steps["gain_p"][0, factors - lanes] == 0.1


@pytest.mark.parametrize(("epoch", "decay"), [(1, 1.0), (3, 0.75**2)])
def test_steps_are_rates_and_regularisations_by_lane_and_rates_decay(
    epoch: int, decay: float
) -> None:
    hyper = svdpp_params(n_factors=6, lr_bu=0.1, lr_pu=0.2, reg_bu=0.5, reg_pu=0.3, lr_yj=0.4,
                         reg_yj=0.6, lr_decay=0.25)  # fmt: skip
    steps = descent.steps(np.dtype("f8"), hyper, epoch, [1.0])
    gain, keep = steps["gain_p"][0], steps["keep_p"][0]
    assert gain[-8:] == pytest.approx([0.2 * decay] * 6 + [0.1 * decay, 0])
    assert keep[-8:] == pytest.approx([1 - 0.06 * decay] * 6 + [1 - 0.05 * decay, 1])
    assert steps["gain_q"][0, -1] == pytest.approx(0.007 * decay)
    assert steps["gain_q"][0, -2] == 0
    assert steps["gain_y"][0, -8:] == pytest.approx([0.4 * decay] * 6 + [0, 0])
    assert steps["keep_y"][0, -8:] == pytest.approx([1 - 0.24 * decay] * 6 + [1, 1])


def test_svd_takes_no_steps_with_y() -> None:
    steps = descent.steps(np.dtype("f8"), svd_params(n_factors=6), 1, [1.0])
    assert not steps["gain_y"].any()
    assert (steps["keep_y"] == 1).all()


@pytest.mark.parametrize("squares", [nan, inf])
def test_an_error_that_is_no_number_ends_the_descent(squares: float) -> None:
    hyper, sums = svd_params(n_epochs=5), iter([4.0, squares])
    with pytest.raises(LimitExceeded, match=r"svd: .* in epoch 2 of 5: .*lr_bu 0.005.*lr_qi"):
        descent.descend("svd", hyper, 4, [member(lambda epoch: next(sums))], None)


def test_epochs_are_told_until_one_says_enough() -> None:
    told: list[Epoch] = []

    def enough(epoch: Epoch) -> bool:
        told.append(epoch)
        return epoch.number == 3

    squares = {1: 36.0, 2: 16.0, 3: 4.0}
    descent.descend("svd", svd_params(), 4, [member(squares.__getitem__)], enough)
    assert [(e.number, e.rmse) for e in told] == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_members_descend_side_by_side_and_tell_of_their_errors_together() -> None:
    told: list[float] = []
    order: list[tuple[str, int]] = []

    def sweep(name: str, squares: float) -> Member:
        def swept(epoch: int) -> float:
            order.append((name, epoch))
            return squares

        return member(swept)

    hyper = svd_params(n_epochs=2, members=2)
    members = [sweep("a", 7.0), sweep("b", 1.0)]
    descent.descend("svd", hyper, 4, members, lambda epoch: told.append(epoch.rmse))
    assert order == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert told == [1.0, 1.0]


def test_who_is_unknown_has_no_factors() -> None:
    train = random_ratings(3, 2, 1.0)
    train.indices[:] = 0  # nobody rated movie 1
    train = train[:2]  # and there are two raters
    train.resize((3, 2))
    one, two = np.ones(3), np.ones(2)
    known = descent.known_only(train, one, two, np.ones((3, 4)), np.ones((2, 4)))
    assert known["user_bias"].tolist() == [1, 1, 0]
    assert known["movie_bias"].tolist() == [1, 0]
    assert known["user_factors"].sum(axis=1).tolist() == [4, 4, 0]
    assert known["movie_factors"].tolist() == [[1, 0]] * 4
    assert known["movie_factors"].flags.c_contiguous


def test_one_rating_makes_a_user_and_a_movie_known() -> None:
    train = csr(np.array([1]), np.array([2]), np.array([4.0]), (3, 4))
    three, four = np.ones(3), np.ones(4)
    known = descent.known_only(train, three, four, np.ones((3, 2)), np.ones((4, 2)))
    assert known["user_bias"].tolist() == [0, 1, 0]
    assert known["movie_bias"].tolist() == [0, 0, 1, 0]
    assert known["user_factors"].tolist() == [[0, 0], [1, 1], [0, 0]]
    assert known["movie_factors"].tolist() == [[0, 0, 1, 0]] * 2
