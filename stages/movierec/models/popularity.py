"""How many users took movies up: in all, and of late."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import Dataset, TakeUps
from movierec.dataset.sums import added, counted
from movierec.models.implicit import everyone_weighs, unions

FEW = 1e-4
"""The share of users that `trend` adds to both sides: of rare movies it knows nothing."""
HOURS = 24


def popularity_order(counts: NDArray[Any]) -> NDArray[np.int32]:
    """Movie indices by descending count; ties go to the lower index.

    >>> popularity_order(np.array([3, 0, 7, 3])).tolist()
    [2, 0, 3, 1]
    """
    return np.argsort(-counts.astype(np.float64), kind="stable").astype(np.int32)


def popularity(dataset: Dataset) -> NDArray[np.int64]:
    """(n_movies,) users of each movie, rated or watched."""
    n_movies = len(dataset.movies)
    counts = counted(dataset.watchers.indices, n_movies)
    for *_, columns in unions(dataset.train, dataset.watched):
        counts += np.bincount(columns, minlength=n_movies)
    return counts


def weighed_popularity(dataset: Dataset) -> NDArray[np.float64]:
    """(n_movies,) what the users of each movie weigh together: what lists may go by. Measures
    of lists count everybody alike."""
    weights = dataset.weights
    if weights is None:
        return popularity(dataset).astype(np.float64)
    sums = np.zeros(len(dataset.movies))
    for first, end, counts, columns in unions(dataset.train, dataset.watched):
        sums = added(sums, columns, np.repeat(weights[first:end], counts))
    watchers = dataset.watchers.indices
    return added(sums, watchers, np.ones(len(watchers)))


def decayed(take_ups: TakeUps, n_movies: int, days: float) -> NDArray[np.float64]:
    """(n_movies,) users of each movie, where one that is `days` old counts 1/e.

    Age is counted in hours from the newest hour on. The power is a product of ratios
    1 / (1 + 1 / hours), e^(-1 / hours) in the limit: `exp` has not the same bits everywhere.
    """
    if not len(take_ups.hour):
        return np.zeros(n_movies)
    age = take_ups.hour.max() - take_ups.hour
    ratio = 1.0 / (1.0 + 1.0 / (HOURS * days))
    power = np.multiply.accumulate(np.r_[1.0, np.full(age.max(), ratio)])
    weights: NDArray[np.float64] = take_ups.users * power[age]
    return np.bincount(take_ups.movie, weights, n_movies).astype(np.float64)


def trend(dataset: Dataset, days: float) -> NDArray[np.float64]:
    """(n_movies,) how much more a movie is taken up of late than in all: the decayed popularity,
    scaled to the same sum, over the popularity. 1 for every movie when `days` is 0."""
    n_movies = len(dataset.movies)
    if not days or not n_movies:
        return np.ones(n_movies)
    counts, late = weighed_popularity(dataset), decayed(dataset.take_ups, n_movies, days)
    total = float(np.add.accumulate(late)[-1])
    if total == 0.0:
        return np.ones(n_movies)
    weights = everyone_weighs(dataset)
    users = len(dataset.users) + len(dataset.watchers.users) if weights is None else weights.sum()
    late = late * (float(counts.sum()) / total / users)
    result: NDArray[np.float64] = (late + FEW) / (counts / users + FEW)
    return result
