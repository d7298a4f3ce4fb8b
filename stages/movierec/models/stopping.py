"""Early stopping: the number of epochs is found on ratings held out of the training part.

The validation part stays unseen: it judges, and must not choose. A share of the training
ratings is held out, the model is fitted to the rest until their error has not fallen for
`patience` epochs, and then once more to all of them for the best number of epochs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import ENTRIES, contains, entry_keys, grouped, rows_of, taken
from movierec.hashing import mix
from movierec.hashing import share as hashed_share
from movierec.models.accuracy import rmse
from movierec.models.model import ByEpochs, Epoch, Hyper, Model, OnEpoch

H = TypeVar("H", bound=Hyper)
FitOnce = Callable[[sparse.csr_array, sparse.csr_array, H, OnEpoch], Model]
"""Fits to (train, watched) with hyperparameters, calling back after each epoch."""
Progress = Callable[[], object]
"""Called after each epoch."""


@dataclass
class History:
    """RMSE after each epoch: over the ratings fitted to, and over those held out (or none)."""

    train: list[float] = field(default_factory=list)
    holdout: list[float] = field(default_factory=list)

    def columns(self) -> dict[str, list[Any]]:
        """Columns of a table with one row an epoch."""
        columns: dict[str, list[Any]] = {
            "epoch": list(range(1, len(self.train) + 1)),
            "train_rmse": self.train,
        }
        return columns | ({"holdout_rmse": self.holdout} if self.holdout else {})


def fit(
    fit_once: FitOnce[Any],
    train: sparse.csr_array,
    watched: sparse.csr_array,
    hyper: Hyper,
    progress: Progress,
    weights: NDArray[np.float32] | None = None,
) -> tuple[Model, History]:
    """The model of all training ratings, and how it came to be.

    Without a `holdout_share` all epochs run. `weights` are those that `fit_once` fits with.
    """
    history = History()
    if isinstance(hyper, ByEpochs) and hyper.holdout_share > 0:
        first = replace(hyper, members=1)  # of all it would be as many fits more
        epochs, history.holdout = best_epochs(fit_once, train, watched, first, progress, weights)
        hyper = replace(hyper, n_epochs=epochs)

    def on_epoch(epoch: Epoch) -> None:
        history.train.append(epoch.rmse)
        progress()

    model = fit_once(train, watched, hyper, on_epoch)
    history.holdout = history.holdout[: len(history.train)]
    return model, history


def most_epochs(hyper: Hyper) -> int:
    """How often `fit` calls `progress` at most."""
    if not isinstance(hyper, ByEpochs):
        return 1
    return hyper.n_epochs * (2 if hyper.holdout_share else 1)


def best_epochs(
    fit_once: FitOnce[Any],
    train: sparse.csr_array,
    watched: sparse.csr_array,
    hyper: ByEpochs,
    progress: Progress,
    weights: NDArray[np.float32] | None = None,
) -> tuple[int, list[float]]:
    """(number of epochs with the least error over the held-out ratings, that error by epoch); a
    rating counts for what its user weighs: who is suspected must not choose either.

    With too few ratings to hold any out: (n_epochs, []).
    """
    held = held_out(train, hyper.holdout_share, hyper.seed)
    rest, apart = taken(train, ~held), taken(train, held)
    if rest.nnz == 0 or apart.nnz == 0:
        return hyper.n_epochs, []
    # A held-out rating must not be known as a watch either.
    known = taken(watched, ~contains(apart, watched), values=False)
    u, ratings = rows_of(apart), apart.data.astype(np.float64)
    weighs = None if weights is None else weights[u]
    errors: list[float] = []

    def on_epoch(epoch: Epoch) -> bool:
        errors.append(rmse(epoch.model().predict(u, apart.indices) - ratings, weighs))
        progress()
        return len(errors) - 1 - int(np.argmin(errors)) >= hyper.patience

    fit_once(rest, known, hyper, on_epoch)
    return int(np.argmin(errors)) + 1, errors


def held_out(train: sparse.csr_array, share: float, seed: int) -> NDArray[np.bool_]:
    """Which entries of `train` to hold out: about `share` of them, by a hash of their place."""
    salt = mix(np.array([seed], np.uint64) ^ np.uint64(0xA5A5A5A5A5A5A5A5))
    held = np.empty(train.nnz, bool)
    for first, end in grouped(train.indptr, ENTRIES):
        value = mix(entry_keys(train, first, end).astype(np.uint64) ^ salt)
        held[train.indptr[first] : train.indptr[end]] = hashed_share(value) < share
    return held
