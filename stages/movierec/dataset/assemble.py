"""A window's events → a Dataset: split, pruned, indexed. Users pass in blocks, so that memory
holds the finished matrices and the events of one block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import PARTS, Dataset, csr
from movierec.dataset.pairs import Pairs
from movierec.dataset.split import (
    PairHash,
    Split,
    global_cut,
    per_user_cut,
    random_split,
    time_split,
)
from movierec.dataset.window import Window
from movierec.errors import BadInput, BadParams
from movierec.fields import choice, number


@dataclass(frozen=True)
class Events:
    """The scale of the ratings in the log, both ends included."""

    rating_min: float = number()
    rating_max: float = number()

    def __post_init__(self) -> None:
        if not self.rating_min < self.rating_max:
            raise BadParams(
                f"events: rating_min {self.rating_min} must be below rating_max {self.rating_max}"
            )


@dataclass(frozen=True)
class Preprocess:
    """How the window becomes a matrix and a train/validation split."""

    split: str = choice("random", "per_user_time", "global_time")
    validation_share: float = number(above=0, high=0.9)
    seed: int = number(low=0)
    min_users_per_movie: int = number(low=1)
    min_ratings_per_user: int = number(low=1)


def build(window: Window, params: Preprocess, events: Events) -> tuple[Dataset, dict[str, Any]]:
    """The dataset of `window`, and the facts of how it came about.

    Raises BadInput when a rating is off the scale or no training rating is left.
    """
    check_scale(window, events)
    splits = list(_splits(window, params))
    parts = {part: _stack([getattr(split, part) for split in splits]) for part in PARTS}
    del splits
    return _prune(window, parts, params, (events.rating_min, events.rating_max))


def check_scale(window: Window, events: Events) -> None:
    """Refuse ratings outside the scale that params.yaml states."""
    for day in window.days:
        rated = day.rating[~np.isnan(day.rating)]
        if len(rated) and not (
            events.rating_min <= rated.min() <= rated.max() <= events.rating_max
        ):
            raise BadInput(
                f"ratings from {rated.min():g} to {rated.max():g} do not fit the scale "
                f"{events.rating_min:g} to {events.rating_max:g}; set `events` in params.yaml"
            )


def _splits(window: Window, params: Preprocess) -> Iterator[Split]:
    """The split of each block, with the users' indices in the whole window."""
    share = params.validation_share
    pair_hash = PairHash(window.users, window.movies, params.seed)
    cut = 0
    if params.split == "global_time":
        times = window.rating_times()
        cut = global_cut(times, share) if len(times) else 0
    for start, end, ratings, watches in window.blocks():
        if params.split == "random":

            def chosen(u: NDArray[Any], i: NDArray[Any], share: float, first: int = start) -> Any:
                return pair_hash(u + np.int32(first), i, share)

            split = random_split(ratings, watches, chosen, share)
        elif params.split == "per_user_time":
            split = time_split(ratings, watches, per_user_cut(ratings, end - start, share))
        else:
            split = time_split(ratings, watches, np.full(end - start, cut))
        yield Split(*(_shifted(getattr(split, part), start) for part in PARTS))


def _shifted(pairs: Pairs, start: int) -> Pairs:
    return Pairs(pairs.u + np.int32(start), pairs.i, pairs.value)


def _stack(parts: list[Pairs]) -> Pairs:
    return Pairs(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("u", "i", "value"))
    )


def _prune(
    window: Window, parts: dict[str, Pairs], params: Preprocess, scale: tuple[float, float]
) -> tuple[Dataset, dict[str, Any]]:
    """Leave out ids with little support in the training part, then give the rest indices.

    A movie's support is the number of its users there, rated or watched. What stays is what
    has a training rating in the end, so every row and column of `train` has one.
    """
    n_users, n_movies = len(window.users), len(window.movies)
    train, watched = parts["train"], parts["watched"]
    seen = np.unique(
        np.concatenate([p.u.astype(np.int64) * n_movies + p.i for p in (train, watched)])
    )
    support = np.bincount(seen % n_movies, minlength=n_movies)
    del seen
    good_movie = support >= params.min_users_per_movie
    kept = train[good_movie[train.i]]
    good_user = np.bincount(kept.u, minlength=n_users) >= params.min_ratings_per_user
    kept = kept[good_user[kept.u]]
    if len(kept.u) == 0:
        raise BadInput(
            f"none of {len(train.u)} training ratings is left after pruning; use more days, or "
            "lower preprocess.min_users_per_movie and min_ratings_per_user in params.yaml"
        )
    user_in = np.bincount(kept.u, minlength=n_users) > 0
    movie_in = np.bincount(kept.i, minlength=n_movies) > 0
    new_u = np.cumsum(user_in, dtype=np.int32) - 1
    new_i = np.cumsum(movie_in, dtype=np.int32) - 1
    shape = (int(user_in.sum()), int(movie_in.sum()))
    matrices = {}
    for part, pairs in parts.items():
        inside = pairs[user_in[pairs.u] & movie_in[pairs.i]]
        matrices[part] = csr(new_u[inside.u], new_i[inside.i], inside.value, shape)
    facts = {
        "users": shape[0],
        "movies": shape[1],
        "pruned": {
            "movies_with_few_users": int((~good_movie).sum()),
            "users_with_few_ratings": int(n_users - user_in.sum()),
            **{f"{part}_pairs": len(parts[part].u) - matrices[part].nnz for part in PARTS},
        },
        **{f"{part}_pairs": int(matrices[part].nnz) for part in PARTS},
    }
    dataset = Dataset(window.users[user_in], window.movies[movie_in], scale=scale, **matrices)
    return dataset, facts
