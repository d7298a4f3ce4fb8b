"""A window's events → a Dataset: split, pruned, indexed. Users pass in blocks, so that memory
holds the finished matrices and the events of one block."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.distinct import distinct
from movierec.dataset.matrix import PARTS, Dataset, TakeUps, Watchers, contains, csr, rows_of
from movierec.dataset.pairs import Pairs
from movierec.dataset.scale import Events, on_scale
from movierec.dataset.shilling import Shilling, find, report, weigh
from movierec.dataset.split import SPLITS, Split
from movierec.dataset.targets import Ratings
from movierec.dataset.window import Window
from movierec.errors import BadInput
from movierec.fields import choice, number
from movierec.times import SECOND

HOUR = 3600 * SECOND


@dataclass(frozen=True)
class Preprocess:
    """How the window becomes a matrix and a train/validation split."""

    split: str = choice(*SPLITS)
    validation_share: float = number(above=0, high=0.9)
    seed: int = number(low=0)
    min_users_per_movie: int = number(low=1)
    min_ratings_per_user: int = number(low=1)


def build(
    window: Window, params: Preprocess, events: Events, shilling: Shilling | None = None
) -> tuple[Dataset, dict[str, Any]]:
    """The dataset of `window`, and the facts of how it came about; `shilling` says what becomes of
    accounts that seem to move movies, without it all users weigh 1.

    Ratings off the scale are left out. Raises BadInput when no training rating is left.
    """
    window = replace(window, days=[on_scale(day, events) for day in window.days])
    splits = list(_splits(window, params))
    parts = {part: _stack([getattr(split, part) for split in splits]) for part in PARTS}
    del splits
    _refuse_no_training(len(parts["train"].u), len(parts["validation"].u), params, events)
    return _prune(window, parts, params, (events.rating_min, events.rating_max), shilling)


def _splits(window: Window, params: Preprocess) -> Iterator[Split]:
    """The split of each block, with the users' indices in the whole window."""
    split = SPLITS[params.split](window, params.validation_share, params.seed)
    for start, end, ratings, watches in window.blocks():
        block = split(start, end, ratings, watches)
        yield Split(*(_shifted(getattr(block, part), start) for part in PARTS))


def _shifted(pairs: Pairs, start: int) -> Pairs:
    return replace(pairs, u=pairs.u + np.int32(start))


def _stack(parts: list[Pairs]) -> Pairs:
    return Pairs(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pairs)))


def _refuse_no_training(train: int, validation: int, params: Preprocess, events: Events) -> None:
    """Raises BadInput when the split left nothing to train on, before pruning is blamed for it."""
    if not train and validation:
        raise BadInput(
            f"preprocess.split {params.split} with validation_share {params.validation_share:g} "
            f"takes all {validation} ratings for validation and leaves no training ratings: they "
            "are too few, or of one moment; use more days, a smaller share, or another split"
        )
    if not train:
        raise BadInput(
            f"the window holds no rating on the scale {events.rating_min:g} to "
            f"{events.rating_max:g}, which is `events` in params.yaml; use other days"
        )


def _prune(
    window: Window,
    parts: dict[str, Pairs],
    params: Preprocess,
    scale: tuple[float, float],
    shilling: Shilling | None,
) -> tuple[Dataset, dict[str, Any]]:
    """Leave out ids with little support in the training part, then give the rest indices.

    A movie's support is the number of its users there, rated or watched. What stays is what
    has a training rating in the end, so every row and column of `train` has one. Who only
    watched what stays is kept apart, as a watcher.
    """
    n_users, n_movies = len(window.users), len(window.movies)
    train, watched = parts["train"], parts["watched"]
    seen = distinct(
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
    rated = np.bincount(kept.u, minlength=n_users) > 0
    users, new_u = window.users.keep(rated)
    movies, new_i = window.movies.keep(np.bincount(kept.i, minlength=n_movies) > 0)
    shape = (len(users), len(movies))
    matrices = {}
    for part, pairs in parts.items():
        inside = pairs[(new_u[pairs.u] >= 0) & (new_i[pairs.i] >= 0)]
        matrices[part] = csr(new_u[inside.u], new_i[inside.i], inside.value, shape)
    facts = {
        "held_out": _dropped(parts["validation"], new_u < 0, new_i < 0),
        "users": shape[0],
        "movies": shape[1],
        "pruned": {
            "movies_with_few_users": int((~good_movie).sum()),
            "users_with_few_ratings": n_users - shape[0],
            **{f"{part}_pairs": len(parts[part].u) - matrices[part].nnz for part in PARTS},
        },
        **{f"{part}_pairs": int(matrices[part].nnz) for part in PARTS},
    }
    watchers = _watchers(window, watched[(new_i[watched.i] >= 0) & ~rated[watched.u]], new_i)
    facts |= {"watchers": len(watchers.users), "watchers_pairs": len(watchers.indices)}
    dataset = Dataset(users.ids, movies.ids, scale=scale, watchers=watchers, **matrices)
    if shilling:
        dataset, facts["shilling"] = _weighed(dataset, kept.time, shilling)
    weight = np.ones(n_users, np.float32)
    if dataset.weights is not None:
        weight[rated] = dataset.weights
    times = _take_ups([train[rated[train.u]], watched], new_i, weight)
    return replace(dataset, take_ups=times), facts


def _weighed(
    dataset: Dataset, time: NDArray[np.int64], params: Shilling
) -> tuple[Dataset, dict[str, Any]]:
    """`dataset` with weights, and what they come from; `time` is that of each training rating."""
    train = dataset.train
    known = contains(dataset.watched, train)
    ratings = Ratings(rows_of(train), train.indices, train.data, time, known)
    findings = find(ratings, train.shape, dataset.scale, params)
    weights = weigh(findings, dataset.users, params)
    said = report(findings, weights, dataset.users, dataset.movies)
    return replace(dataset, weights=weights if (weights < 1).any() else None), said


def _watchers(window: Window, watched: Pairs, new_i: NDArray[np.int32]) -> Watchers:
    """Those with a watch and without a training rating, by their `watched` pairs."""
    users, of_user = np.unique(watched.u, return_inverse=True)
    indptr = np.zeros(len(users) + 1, np.int64)
    np.cumsum(np.bincount(of_user, minlength=len(users)), out=indptr[1:])
    return Watchers(window.users[users], indptr, new_i[watched.i])


def _take_ups(parts: list[Pairs], new_i: NDArray[np.int32], weight: NDArray[np.float32]) -> TakeUps:
    """When each movie was taken up: of a pair that was watched and rated, the first of both.
    `weight` is of each user of the window."""
    u, i, time = (np.concatenate([getattr(p, name) for p in parts]) for name in ("u", "i", "time"))
    inside = new_i[i] >= 0
    u, i, time = u[inside], new_i[i[inside]], time[inside]
    order = np.lexsort((time, i, u))
    changes = (np.diff(u[order]) != 0) | (np.diff(i[order]) != 0)
    first = order[np.r_[True, changes]] if len(order) else order
    keys, which = np.unique((time[first] // HOUR) << 32 | i[first], return_inverse=True)
    users = np.bincount(which, weight[u[first]], len(keys))
    hour, movie = (column.astype(np.int32) for column in (keys >> 32, keys & 0xFFFFFFFF))
    return TakeUps(hour, movie, users.astype(np.float32))


def _dropped(
    held: Pairs, no_user: NDArray[np.bool_], no_movie: NDArray[np.bool_]
) -> dict[str, Any]:
    """What became of the ratings held out: of those by a user or for a movie that the training
    part does not hold, no model can be judged."""
    pruned = no_movie[held.i]
    unknown = no_user[held.u] & ~pruned
    dropped = int(pruned.sum() + unknown.sum())
    return {
        "ratings": len(held.u),
        "of_unknown_users": int(unknown.sum()),
        "of_pruned_movies": int(pruned.sum()),
        "dropped_share": dropped / len(held.u) if len(held.u) else None,
    }
