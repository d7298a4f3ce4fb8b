"""A window's events → a Dataset: split, pruned, indexed. Users pass in blocks, twice: what stays is
known when all were seen, and then rows are written as they come. Memory holds two blocks, and some
numbers of each user and movie."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import Draft
from movierec.dataset.datasetfile import mapped
from movierec.dataset.matrix import PARTS, Dataset, TakeUps
from movierec.dataset.rows import Rows
from movierec.dataset.scale import Events
from movierec.dataset.shilling import Shilling, find, report, weigh
from movierec.dataset.split import SPLITS, Split
from movierec.dataset.splits import Splits
from movierec.dataset.support import Support, count
from movierec.dataset.takeups import Waiting
from movierec.dataset.window import Window
from movierec.errors import BadInput
from movierec.fields import choice, number
from movierec.mapped import release
from movierec.threads import ahead


@dataclass(frozen=True)
class Preprocess:
    """How the window becomes a matrix and a train/validation split."""

    split: str = choice(*SPLITS)
    validation_share: float = number(above=0, high=0.9)
    seed: int = number(low=0)
    min_users_per_movie: int = number(low=1)
    min_ratings_per_user: int = number(low=1)


def build(
    draft: Draft,
    window: Window,
    params: Preprocess,
    events: Events,
    shilling: Shilling | None = None,
    threads: int = 1,
) -> tuple[Dataset, dict[str, Any]]:
    """The dataset of `window`, whose matrices are maps of columns of `draft`, and the facts of how
    it came about; `shilling` says what becomes of accounts that seem to move movies, without it all
    users weigh 1. With more than one of `threads` a block is read while the last one is split.

    Ratings off the scale are left out. Raises BadInput when no training rating is left.
    """
    window = replace(window, events=events)
    split = SPLITS[params.split](window, params.validation_share, params.seed)

    def making() -> Iterator[tuple[int, int, Split]]:
        with ahead(window.blocks(), threads) as begun:
            for start, end, ratings, watches in begun:
                yield start, end, split(start, end, ratings, watches)

    blocks = Splits(draft, making)
    least = params.min_users_per_movie, params.min_ratings_per_user
    support = count(blocks, len(window.movies), *least)
    _refuse_no_training(support, params, events)
    rows = Rows(draft, support, len(window.users), least[1])
    for start, end, block in blocks():
        rows.add(start, window.users[start:end], block)
    users, movies = window.users[rows.rated], window.movies[support.stays]
    facts = _facts(support, rows, len(movies))
    weights = None
    if shilling:
        weights, facts["shilling"] = _weighed(rows, draft, users, movies, events, shilling)
    weight = np.ones(len(window.users), np.float32)
    if weights is not None:
        weight[rows.rated] = weights
    _write_take_ups(draft, rows.take_ups, weight)
    scale = (events.rating_min, events.rating_max)
    return mapped(draft, users, movies, scale, weights), facts


def _refuse_no_training(support: Support, params: Preprocess, events: Events) -> None:
    """Raises BadInput when the split left nothing to train on, before pruning is blamed for it."""
    train, validation = support.pairs["train"], support.pairs["validation"]
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
    if not support.stays.any():
        raise BadInput(
            f"none of {train} training ratings is left after pruning; use more days, or "
            "lower preprocess.min_users_per_movie and min_ratings_per_user in params.yaml"
        )


def _facts(support: Support, rows: Rows, n_movies: int) -> dict[str, Any]:
    """What came in, what was left out, and what there is."""
    pairs = {part: rows.parts[part].indices.length for part in PARTS}
    held = support.pairs["validation"]
    dropped = rows.pruned_movies + rows.unknown_users
    return {
        "held_out": {  # of ratings by a user or for a movie without training none can be judged
            "ratings": held,
            "of_unknown_users": rows.unknown_users,
            "of_pruned_movies": rows.pruned_movies,
            "dropped_share": dropped / held if held else None,
        },
        "users": rows.n_users,
        "movies": n_movies,
        "pruned": {
            "movies_with_few_users": int(support.few.sum()),
            "users_with_few_ratings": len(rows.rated) - rows.n_users,
            **{f"{part}_pairs": support.pairs[part] - pairs[part] for part in PARTS},
        },
        **{f"{part}_pairs": pairs[part] for part in PARTS},
        "watchers": rows.watching.length,
        "watchers_pairs": rows.watchers.indices.length,
    }


def _weighed(
    rows: Rows,
    draft: Draft,
    users: NDArray[np.int64],
    movies: NDArray[np.bytes_],
    events: Events,
    params: Shilling,
) -> tuple[NDArray[np.float32] | None, dict[str, Any]]:
    """(n_users,) weights, None where all weigh 1, and what they come from."""
    ratings = rows.ratings(draft)
    scale = (events.rating_min, events.rating_max)
    findings = find(ratings, (len(users), len(movies)), scale, params)
    release(ratings)
    weights = weigh(findings, users, params)
    said = report(findings, weights, users, movies)
    return weights if (weights < 1).any() else None, said


def _write_take_ups(draft: Draft, waiting: Waiting, weight: NDArray[np.float32]) -> None:
    """Add them to the draft."""
    empty = TakeUps()
    columns = [draft.column(f"take_ups_{n}", a.dtype) for n, a in empty._asdict().items()]
    for day in waiting.weighed(weight):
        for column, values in zip(columns, day, strict=True):
            column.append(values)
