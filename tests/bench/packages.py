"""Packages of models to measure answers with: SVD++ of any size, made of chance by a seed."""

from pathlib import Path

import numpy as np

from movierec.dataset.matrix import Dataset, Watchers, csr
from movierec.models.implicit import everybody
from movierec.models.kernels.minima import fill
from movierec.models.saving import save_model
from movierec.models.svdpp import SVDpp, SVDppModel
from movierec.models.training import load_train
from movierec.models.uptake import UptakeModel
from movierec.models.uptaking import load_uptake
from tests.inputs.ratings import SCALE, no_ratings

PARAMS = Path(__file__).parents[2] / "params.yaml"
SEED = 42
RATERS, RATED = 10_000, 80
"""Users with a row, and about so many movies of each."""
RATED_BY_MANY = 20
"""Where more raters are asked for."""
WATCHED = 3
"""Movies of each user who only watched; their ids follow the raters'."""


def build(folder: Path, n_movies: int, n_watchers: int = 0, raters: int | None = None) -> Path:
    """A package in `folder`: users with a row, RATERS or `raters`, and `n_watchers` without. Rows
    of `raters` are of chance, too: they take as much memory as those that follow from movies."""
    random = np.random.default_rng(SEED)
    size = (RATERS, RATED) if raters is None else (raters, RATED_BY_MANY)
    dataset = made_up(n_movies, n_watchers, size, random)
    model = uptake(dataset, random)
    if raters is None:
        fill(model, everybody(dataset))
    else:
        random.standard_normal(dtype=np.float32, out=model.user)
    save_model(folder, svdpp(n_movies, size[0], random), dataset, {}, model)
    return folder


def made_up(
    n_movies: int, n_watchers: int, size: tuple[int, int], random: np.random.Generator
) -> Dataset:
    """Who rated and who watched what; of raters there are `size`, and so many movies of each."""
    raters = size[0]
    movies = random.integers(0, n_movies, size)
    pairs = np.unique(np.arange(raters)[:, None] * n_movies + movies)
    shape = raters, n_movies
    train = csr(*np.divmod(pairs, n_movies), random.integers(1, 6, len(pairs)), shape)
    first = random.integers(0, n_movies - WATCHED, n_watchers)
    watchers = Watchers(
        raters + np.arange(n_watchers, dtype=np.int64),
        WATCHED * np.arange(n_watchers + 1, dtype=np.int64),
        (first[:, None] + np.arange(WATCHED)).ravel().astype(np.int32),
    )
    ids, none = np.array([b"movie+%06d+2001" % i for i in range(n_movies)]), no_ratings(*shape)
    return Dataset(np.arange(raters), ids, train, none, none, SCALE, "made up", watchers)


def svdpp(n_movies: int, raters: int, random: np.random.Generator) -> SVDppModel:
    """Ratings of params.yaml's number of factors."""
    hyper = load_train(PARAMS, "svdpp")[1]
    assert isinstance(hyper, SVDpp)
    k = hyper.n_factors

    def some(*size: int) -> np.ndarray:
        return random.normal(0, 0.2, size).astype(np.float32)

    return SVDppModel(
        scale=SCALE,
        hyper=hyper,
        mean=3.5,
        watches=True,
        user_bias=some(raters),
        movie_bias=some(n_movies),
        user_factors=some(raters, k),
        movie_factors=some(k, n_movies),
        user_implicit=some(raters, k),
        implicit_factors=some(n_movies, k),
    )


def uptake(dataset: Dataset, random: np.random.Generator) -> UptakeModel:
    """Movies by chance, and rows for those that follow from them."""
    hyper, n_movies = load_uptake(PARAMS), len(dataset.movies)
    movie = random.normal(0, 0.1, (hyper.n_factors, n_movies)).astype(np.float32)
    return UptakeModel(
        hyper=hyper,
        user=np.zeros((len(dataset.users), hyper.n_factors), np.float32),
        movie=movie,
        energy=np.square(movie).sum(axis=1),
        share=random.random(n_movies).astype(np.float32) / 100,
        trend=np.ones(n_movies, np.float32),
    )
