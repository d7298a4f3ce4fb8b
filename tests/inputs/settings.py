"""A fit that costs nothing, for the tests of what compares settings: how far its predictions are
off follows from its hyperparameters by a formula."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import log
from typing import Any

import numpy as np

from movierec.dataset.matrix import Dataset
from movierec.models.model import Epoch, Model
from tests.inputs.ratings import dataset_of, random_ratings


def threes() -> Dataset:
    """Ratings of 3 alone: the error of a prediction is how far it is off 3."""
    train = random_ratings(40, 30, 0.4)
    train.data[:] = 3
    return dataset_of(train)


def valley(hyper: Any) -> float:
    """Least at λ_bu 0.1, γ_pu 0.005, λ_qi 0.03 and 64 factors."""
    off = [hyper.reg_bu / 0.1, hyper.lr_pu / 0.005, hyper.reg_qi / 0.03, hyper.n_factors / 64]
    return 1.0 + 0.1 * sum(log(ratio) ** 2 for ratio in off)


@dataclass
class Fits:
    """A `FitOnce`; `tried` are the hyperparameters of its calls."""

    error: Callable[[Any], float] = valley
    best_epoch: int = 3

    def __post_init__(self) -> None:
        self.tried: list[Any] = []

    def __call__(self, train: Any, watched: Any, hyper: Any, on_epoch: Any) -> Model:
        self.tried.append(hyper)
        for number in range(1, hyper.n_epochs + 1):
            off = self.error(hyper) + 0.01 * abs(number - self.best_epoch)
            model: Any = _Off(off)
            if on_epoch(Epoch(number, off, partial(_same, model))):
                break
        return model  # type: ignore[no-any-return]


def _same(model: Any) -> Any:
    return model


@dataclass
class _Off:
    off: float

    def predict(self, u: Any, i: Any) -> Any:
        return np.full(len(u), 3 + self.off)
