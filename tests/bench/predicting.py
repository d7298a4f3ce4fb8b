"""An answer as Surprise would give it: `predict` for every movie, then the best twenty."""

import heapq
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import numpy as np
from surprise import SVD

from movierec.models.modelfile import load_model
from movierec.models.svdpp import SVDppModel
from serve.service.recommender import K, Recommender

USERS = 20


def predict_per_movie(package: Path) -> dict[str, float]:
    """Median milliseconds of both on one package's ratings, users in turn, and their ratio."""
    loaded = load_model(package)
    model, recommender = loaded.model, Recommender(loaded)
    assert isinstance(model, SVDppModel)
    n_users, n_movies = len(loaded.users), len(loaded.movies)
    surprise = SVD(n_factors=model.movie_factors.shape[0])
    low, high = model.scale
    surprise.trainset = SimpleNamespace(
        global_mean=model.mean,
        rating_scale=(low, high),
        to_inner_uid=int,
        to_inner_iid=int,
        knows_user=lambda u: u < n_users,
        knows_item=lambda i: i < n_movies,
    )
    surprise.bu, surprise.bi = model.user_bias, model.movie_bias
    surprise.pu, surprise.qi = model.z(np.arange(n_users)), model.movie_factors.T.copy()
    theirs, ours = [], []
    for user in range(USERS):
        began = time.perf_counter()
        found = [(surprise.predict(user, movie).est, movie) for movie in range(n_movies)]
        heapq.nlargest(K, found)
        theirs.append(time.perf_counter() - began)
        began = time.perf_counter()
        recommender.answer(user)
        ours.append(time.perf_counter() - began)
    return {
        "Surprise's predict per movie: ms": median(theirs) * 1e3,
        "Recommender.answer: ms": median(ours) * 1e3,
        "Surprise's predict / ours": median(theirs) / median(ours),
    }
