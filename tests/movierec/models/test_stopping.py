"""Early stopping: the held-out part chooses the number of epochs and is not trained on twice."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from movierec.dataset.matrix import csr, rows_of
from movierec.models import stopping
from movierec.models.kernels import svd, svdpp
from movierec.models.model import Epoch, Model, OnEpoch
from movierec.models.stopping import History
from movierec.models.svd import SVD, SVDModel
from tests.inputs.models import ItemMean, fit_item_means
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params


def fit_svd(train: Any, watched: Any, hyper: Any, on_epoch: Any) -> Model:
    return svd.fit(train, hyper, scale=SCALE, dtype="float64", on_epoch=on_epoch)


def noisy_ratings() -> sparse.csr_array:
    """Ratings of which three in ten are noise, which is learnt after some epochs."""
    train, rng = random_ratings(60, 40, 0.3), np.random.default_rng(0)
    noise = rng.uniform(size=train.nnz) < 0.3
    train.data[noise] = rng.integers(1, 6, noise.sum())
    return train


def test_the_history_is_a_table_with_one_row_an_epoch() -> None:
    assert History([0.9, 0.8], []).columns() == {"epoch": [1, 2], "train_rmse": [0.9, 0.8]}
    columns = History([0.9, 0.8], [1.0, 0.95]).columns()
    assert columns == {"epoch": [1, 2], "train_rmse": [0.9, 0.8], "holdout_rmse": [1.0, 0.95]}


def test_without_a_share_all_epochs_run() -> None:
    train, calls = random_ratings(40, 30, 0.3), list[int]()
    hyper = svd_params(n_epochs=7)
    model, history = stopping.fit(fit_svd, train, train, hyper, lambda: calls.append(1))
    assert model.hyper == hyper
    assert (len(history.train), history.holdout) == (7, [])
    assert len(calls) == stopping.most_epochs(hyper) == 7


def test_epochs_stop_where_the_held_out_error_is_least() -> None:
    train, calls = noisy_ratings(), list[int]()
    hyper = svd_params(n_epochs=200, lr_pu=0.05, lr_qi=0.05, holdout_share=0.2, patience=3)
    model, history = stopping.fit(fit_svd, train, train, hyper, lambda: calls.append(1))
    epochs, errors = stopping.best_epochs(fit_svd, train, train, hyper, lambda: None)
    assert isinstance(model, SVDModel)
    assert model.hyper.n_epochs == epochs == int(np.argmin(errors)) + 1 < 200
    assert len(errors) == epochs + 3  # patience, and no epoch more
    assert epochs > 3  # else it could not be told from that of the first epoch
    assert history.holdout == errors[:epochs]
    assert len(calls) == len(errors) + epochs < stopping.most_epochs(hyper) == 400
    # The final model knows all the ratings: it is the one that so many epochs over all give.
    whole = svd.fit(train, svd_params(n_epochs=epochs, lr_pu=0.05, lr_qi=0.05),
                    scale=SCALE, dtype="float64")  # fmt: skip
    assert (model.user_factors == whole.user_factors).all()


def test_a_suspect_counts_for_less_where_epochs_are_found() -> None:
    """Weights of nearly nothing for all but a few users: the error is that of those few."""
    train, hyper = noisy_ratings(), svd_params(n_epochs=5, holdout_share=0.2)
    weights = np.where(np.arange(60) < 6, 1.0, 1e-9).astype(np.float32)
    _, every = stopping.best_epochs(fit_svd, train, train, hyper, lambda: None)
    _, ones = stopping.best_epochs(
        fit_svd, train, train, hyper, lambda: None, np.ones(60, np.float32)
    )
    _, few = stopping.best_epochs(fit_svd, train, train, hyper, lambda: None, weights)
    held, u = stopping.held_out(train, 0.2, hyper.seed), rows_of(train)
    rest = csr(u[~held], train.indices[~held], train.data[~held], train.shape)
    model = fit_svd(rest, rest, replace(hyper, n_epochs=len(few)), lambda epoch: None)
    judged = held & (u < 6)
    errors = model.predict(u[judged], train.indices[judged]) - train.data[judged]
    assert ones == every
    assert few[-1] == pytest.approx(float(np.sqrt(np.mean(errors**2))), rel=1e-6)


def test_epochs_are_found_on_the_first_member_and_are_those_of_all() -> None:
    train, tried = noisy_ratings(), list[Any]()

    def fit_once(part: Any, watched: Any, hyper: Any, on_epoch: Any) -> Model:
        tried.append(hyper)
        return fit_svd(part, watched, hyper, on_epoch)

    one = svd_params(n_epochs=200, lr_pu=0.05, lr_qi=0.05, holdout_share=0.2)
    _, alone = stopping.fit(fit_once, train, train, one, lambda: None)
    model, history = stopping.fit(fit_once, train, train, replace(one, members=3), lambda: None)
    assert [hyper.members for hyper in tried] == [1, 1, 1, 3]
    assert history.holdout == alone.holdout
    assert isinstance(model, SVDModel)
    assert len(history.train) == len(alone.train) == model.hyper.n_epochs < 200
    assert history.train != alone.train


@pytest.mark.parametrize("share", [1e-9, 0.5])
def test_too_few_ratings_to_hold_any_out_run_all_epochs(share: float) -> None:
    """No rating held out, or none left to train on."""
    train = random_ratings(1, 1, 1.0) if share == 0.5 else random_ratings(10, 8, 0.4)
    seeds = (s for s in range(99) if stopping.held_out(train, share, s).all() == (share == 0.5))
    hyper = svd_params(n_epochs=4, holdout_share=share, seed=next(seeds))
    assert stopping.best_epochs(fit_svd, train, train, hyper, lambda: None) == (4, [])
    model, history = stopping.fit(fit_svd, train, train, hyper, lambda: None)
    assert isinstance(model.hyper, SVD)
    assert model.hyper.n_epochs == len(history.train) == 4
    assert "holdout_rmse" not in history.columns()


def test_a_held_out_rating_is_no_watch_either() -> None:
    train = random_ratings(30, 20, 0.4)
    seen: list[Any] = []

    def fit_svdpp(part: Any, watched: Any, hyper: Any, on_epoch: Any) -> Model:
        seen.append((part, watched))
        return svdpp.fit(part, hyper, watched=watched, scale=SCALE, on_epoch=on_epoch)

    hyper = svdpp_params(n_epochs=2, holdout_share=0.3)
    stopping.best_epochs(fit_svdpp, train, train, hyper, lambda: None)
    ((part, watched),) = seen
    assert 0 < part.nnz < train.nnz
    assert (part.indices == watched.indices).all()


def test_the_held_out_error_is_that_of_the_model_then() -> None:
    train = random_ratings(30, 20, 0.4)
    models: list[Model] = []

    def fit_once(part: Any, watched: Any, hyper: Any, on_epoch: OnEpoch) -> Model:
        def keep(epoch: Epoch) -> bool | None:
            models.append(epoch.model())
            return on_epoch(epoch)

        return fit_svd(part, watched, hyper, keep)

    hyper = svd_params(n_epochs=3, holdout_share=0.3, patience=3)
    _, errors = stopping.best_epochs(fit_once, train, train, hyper, lambda: None)
    held = stopping.held_out(train, 0.3, hyper.seed)
    u = np.repeat(np.arange(30), np.diff(train.indptr))[held]
    for model, error in zip(models, errors, strict=True):
        off = model.predict(u, train.indices[held]) - train.data[held]
        assert error == pytest.approx(np.sqrt(np.mean(off**2)))


def test_what_has_no_epochs_is_fitted_once() -> None:
    train, hyper = random_ratings(20, 10, 0.5), ItemMean(shrinkage=1.0)

    def fit_once(part: Any, watched: Any, hyper: Any, on_epoch: Any) -> Model:
        return fit_item_means(part, hyper, scale=SCALE, on_epoch=on_epoch)

    _, history = stopping.fit(fit_once, train, train, hyper, lambda: None)
    assert len(history.train) == stopping.most_epochs(hyper) == 1


def test_the_share_is_about_the_one_asked_for_and_the_seed_counts() -> None:
    train = random_ratings(300, 100, 0.3)
    held = stopping.held_out(train, 0.2, 1)
    assert abs(held.mean() - 0.2) < 0.02
    assert (held == stopping.held_out(train, 0.2, 1)).all()
    assert (held != stopping.held_out(train, 0.2, 2)).any()


def test_each_seed_and_each_rating_has_its_own_draw() -> None:
    """A salt that loses bits would hold out the same ratings for many seeds."""
    train = random_ratings(60, 50, 0.3)
    draws = {stopping.held_out(train, 0.5, seed).tobytes() for seed in range(64)}
    assert len(draws) == 64
    halves = np.array([stopping.held_out(train, 0.5, seed) for seed in range(64)])
    assert 0.2 < halves.mean(axis=0).min() < halves.mean(axis=0).max() < 0.8
