"""Models for tests: small ones as the service sees one, and a kind that the registry lacks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from movierec.dataset.matrix import Dataset, csr, rows_of
from movierec.fields import number
from movierec.models.accuracy import rmse
from movierec.models.kinds import Kind
from movierec.models.model import Epoch, Floats, Hyper, Model, shape
from movierec.models.modelfile import LoadedModel
from movierec.models.saving import save_model
from movierec.models.svd import SVDModel
from tests.inputs.ratings import SCALE, random_ratings, svd_params

N_USERS, N_MOVIES, N_FACTORS = 50, 60, 4
SEEN_EVERYTHING = 7  # the user id that has nothing left to see
WATCHER = 1_000_003  # the user id that watched the movies 5 and 59, and rated none


def _random(seed, *size):
    return lambda: np.random.default_rng(seed).normal(size=size)


@dataclass(frozen=True, kw_only=True)
class SmallModel(Model):
    """Random factors."""

    kind: ClassVar[str] = "svd"
    scale: tuple[float, float] = (1.0, 5.0)
    hyper: Hyper = field(default_factory=Hyper)
    p: Floats = field(default_factory=_random(1, N_USERS, N_FACTORS))
    q: Floats = field(default_factory=_random(2, N_MOVIES, N_FACTORS))

    def predict(self, u, i):
        return np.clip((self.p[u] * self.q[i]).sum(axis=1), *self.scale)

    def scores(self, u):
        return self.q @ self.p[u]

    def scores_for(self, items, ratings, watched):
        return self.q @ self.q[np.concatenate([items, watched])].sum(axis=0)


def _seen():
    """(indptr, indices): two movies a user, and all of them of SEEN_EVERYTHING."""
    rows = [np.sort([u % N_MOVIES, (u + 1) % N_MOVIES]) for u in range(N_USERS)]
    rows[(SEEN_EVERYTHING - 1) // 3] = np.arange(N_MOVIES)
    return np.cumsum([0, *map(len, rows)]), np.concatenate(rows).astype(np.int32)


@dataclass(frozen=True)
class SmallLoaded(LoadedModel):
    """What `modelfile.load_model` returns, without a folder."""

    model: Any = field(default_factory=SmallModel)
    users: Any = field(default_factory=lambda: np.arange(N_USERS, dtype=np.int64) * 3 + 1)
    movies: Any = field(
        default_factory=lambda: np.array([f"movie+{i:02d}+2001".encode() for i in range(N_MOVIES)])
    )
    popular: Any = field(default_factory=lambda: np.arange(N_MOVIES, dtype=np.int32)[::-1])
    manifest: Any = field(default_factory=dict)
    data_hash: str = "d" * 64
    seen_indptr: Any = field(default_factory=lambda: _seen()[0])
    seen_indices: Any = field(default_factory=lambda: _seen()[1])
    watchers: Any = field(default_factory=lambda: np.array([WATCHER]))
    watchers_indptr: Any = field(default_factory=lambda: np.array([0, 2]))
    watchers_indices: Any = field(default_factory=lambda: np.array([5, N_MOVIES - 1], np.int32))


def saved_model(folder: Path) -> Path:
    """The folder of a small model of chance, written as a release is."""
    users, movies = 8, 40
    random = np.random.default_rng(3)
    train = random_ratings(users, movies, 0.2)
    none = csr(np.empty(0, int), np.empty(0, int), np.empty(0), train.shape)
    slugs = np.array([b"movie+%02d+2001" % i for i in range(movies)])
    model = SVDModel(
        scale=SCALE,
        mean=3.0,
        user_bias=random.normal(size=users),
        movie_bias=random.normal(size=movies),
        user_factors=random.normal(size=(users, 4)),
        movie_factors=random.normal(size=(4, movies)),
        hyper=svd_params(n_factors=4),
    )
    save_model(folder, model, Dataset(np.arange(users), slugs, train, none, none, SCALE, "h"), {})
    return folder


# A third kind, as a newcomer would write it: without epochs, factors or a kernel.


@dataclass(frozen=True)
class ItemMean(Hyper):
    """Hyperparameters of `ItemMeanModel`."""

    shrinkage: float = number(low=0)


@dataclass(frozen=True, kw_only=True)
class ItemMeanModel(Model):
    """r̂_ui = (μ λ + Σ r_vi) / (λ + n_i): a movie's mean, drawn to that of all."""

    kind: ClassVar[str] = "itemmean"
    hyper: ItemMean
    ratings: int
    means: Floats = field(metadata=shape("n_movies"))

    def predict(self, u, i):
        return np.clip(self.means[i].astype(np.float64), *self.scale)

    def scores(self, u):
        return self.means.astype(np.float64)

    def scores_for(self, items, ratings, watched):
        return self.scores(0)


def fit_item_means(
    train, hyper, *, watched=None, weights=None, scale, dtype="float32", on_epoch=None
):
    from movierec.models.kernels import descent

    descent.check(train)
    n_movies, mean = train.shape[1], train.data.mean(dtype=np.float64)
    sums = np.bincount(train.indices, train.data, n_movies) + hyper.shrinkage * mean
    counts = np.bincount(train.indices, minlength=n_movies) + hyper.shrinkage
    means = np.where(counts > 0, sums / np.maximum(counts, 1e-9), mean).astype(dtype)
    model = ItemMeanModel(scale=scale, hyper=hyper, ratings=train.nnz, means=means)
    if on_epoch:
        error = rmse(model.predict(rows_of(train), train.indices) - train.data)
        on_epoch(Epoch(1, error, lambda: model))
    return model


ITEM_MEAN = Kind("Item mean", ItemMeanModel, ItemMean, fit_item_means)
