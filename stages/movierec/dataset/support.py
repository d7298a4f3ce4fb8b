"""The first pass over a window: what stays of it.

A movie's support is the number of its users in the training part, rated or watched. What stays is
what has a training rating in the end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import PARTS
from movierec.dataset.splits import Blocks


@dataclass(frozen=True)
class Support:
    """What a pass over all users says of movies."""

    pairs: Mapping[str, int]
    """Of each part, before anything is left out."""
    few: NDArray[np.bool_]
    """(n_movies,) whose users are too few."""
    stays: NDArray[np.bool_]
    """(n_movies,) the others with a training rating by a user who stays."""


def count(blocks: Blocks, n_movies: int, min_users: int, min_ratings: int) -> Support:
    """Count the users of each movie. A movie with less than `min_users` goes, and then a user with
    less than `min_ratings` training ratings: where one rating is too few, that takes a second walk.
    """
    support, rated = np.zeros(n_movies, np.int64), np.zeros(n_movies, bool)
    pairs = Counter(dict.fromkeys(PARTS, 0))
    for _, _, split in blocks():
        train, watched = split.train, split.watched
        for movies in (watched.i, train.i[~watched.hold(train)]):
            support += np.bincount(movies, minlength=n_movies)
        rated[train.i] = True
        pairs.update({part: len(getattr(split, part).u) for part in PARTS})
    few = support < min_users
    if min_ratings > 1:
        rated[:] = False
        for start, end, split in blocks():
            u, i = split.train.u, split.train.i
            rated[i[enough(u, i, ~few, end - start, min_ratings)[u]]] = True
    return Support(pairs, few, rated & ~few)


def enough(
    u: NDArray[np.int32],
    i: NDArray[np.int32],
    good_movie: NDArray[np.bool_],
    n_users: int,
    min_ratings: int,
) -> NDArray[np.bool_]:
    """(n_users,) who has so many training ratings (u, i) of good movies."""
    return np.bincount(u[good_movie[i]], minlength=n_users) >= min_ratings
