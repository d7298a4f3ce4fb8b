"""Early stopping: the held-out part chooses the number of epochs and is not trained on twice."""

from typing import Any

import numpy as np

from movierec.models import stopping, svd, svdpp
from movierec.models.model import Factors
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params


def fit_svd(train: Any, watched: Any, hyper: Any, on_epoch: Any) -> Factors:
    return svd.fit(train, hyper, scale=SCALE, dtype="float64", on_epoch=on_epoch)


def test_without_a_share_all_epochs_run() -> None:
    train = random_ratings(40, 30, 0.3)
    model, history = stopping.fit(fit_svd, train, train, svd_params(n_epochs=7), lambda: None)
    assert (model.hyper.n_epochs, len(history.train), history.holdout) == (7, 7, [])
    assert list(history.columns()) == ["epoch", "train_rmse"]


def test_epochs_stop_where_the_held_out_error_is_least() -> None:
    train = random_ratings(60, 40, 0.3)
    train.data[:] = np.random.default_rng(0).integers(1, 6, train.nnz)  # noise: soon overfitted
    hyper = svd_params(n_epochs=200, lr_pu=0.05, lr_qi=0.05, holdout_share=0.2, patience=3)
    model, history = stopping.fit(fit_svd, train, train, hyper, lambda: None)
    epochs, errors = stopping.best_epochs(fit_svd, train, train, hyper, lambda: None)
    assert model.hyper.n_epochs == epochs == int(np.argmin(errors)) + 1 < 200
    assert len(errors) == epochs + 3  # patience, and no epoch more
    assert history.holdout == errors[:epochs]
    # The final model knows all the ratings: it is the one that so many epochs over all give.
    whole = svd.fit(train, svd_params(n_epochs=epochs, lr_pu=0.05, lr_qi=0.05),
                    scale=SCALE, dtype="float64")  # fmt: skip
    assert (model.user_factors == whole.user_factors).all()


def test_a_held_out_rating_is_no_watch_either() -> None:
    train = random_ratings(30, 20, 0.4)
    seen: list[Any] = []

    def fit_svdpp(part: Any, watched: Any, hyper: Any, on_epoch: Any) -> Factors:
        seen.append((part, watched))
        return svdpp.fit(part, hyper, watched=watched, scale=SCALE, on_epoch=on_epoch)

    hyper = svdpp_params(n_epochs=2, holdout_share=0.3)
    stopping.best_epochs(fit_svdpp, train, train, hyper, lambda: None)
    ((part, watched),) = seen
    assert 0 < part.nnz < train.nnz
    assert (part.indices == watched.indices).all()


def test_the_share_is_about_the_one_asked_for_and_the_seed_counts() -> None:
    train = random_ratings(300, 100, 0.3)
    held = stopping.held_out(train, 0.2, 1)
    assert abs(held.mean() - 0.2) < 0.02
    assert (held == stopping.held_out(train, 0.2, 1)).all()
    assert (held != stopping.held_out(train, 0.2, 2)).any()
