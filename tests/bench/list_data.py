"""What lists are measured on: a file of real ratings, generated ones, or the demo's days → a
`Window`, which the project's own code splits and prunes. There is no watch in it but for the
demo's, so N(u) is what u rated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.simulator.rating_scale import check_scale
from infra.simulator.ratings_file import read_ratings
from movierec.dataset.aggregates import Aggregate
from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import Dataset
from movierec.dataset.scale import Events
from movierec.dataset.window import Window, load_days
from movierec.dataset.windowfile import read_window
from movierec.params import load_section
from movierec.times import SECOND
from tests.bench.ratings import SCALE, drawn
from tests.inputs.datasets import build

SHAPE, SEED = "100k", 42
DAYS = 90
"""Over so many days generated ratings are spread evenly."""
DAY = 86_400 * SECOND


def of_file(path: Path, events: Events) -> Window:
    """The rated rows of a file. Raises BadInput where a rating is off the scale."""
    file = read_ratings(path)
    check_scale(file, events.rating_min, events.rating_max)
    slugs = np.array([slug.encode() for slug in file.slugs])
    rated = ~np.isnan(file.ratings)
    users, movies = file.user_ids[file.users[rated]], file.movies[rated]
    times = file.times[rated] * SECOND
    return Window.of([one_day(users, slugs, movies, file.ratings[rated], times)])


def of_generated() -> tuple[Window, Events]:
    """`SHAPE` generated ratings, and their scale."""
    u, i, ratings = drawn(SHAPE, SEED)
    times = np.random.default_rng(SEED).integers(DAYS * DAY, size=len(u))
    slugs = np.array([f"movie-{number:04}".encode() for number in range(int(i.max()) + 1)])
    return Window.of([one_day(u.astype(np.int64), slugs, i, ratings, times)]), Events(*SCALE)


def of_workspace(folder: Path) -> tuple[Window, Events]:
    """The days that a workspace trains on, and their scale."""
    days, _ = load_days(folder / "data/aggregates", read_window(folder / "data/window.yaml").days)
    return Window.of(days), load_section(folder / "params.yaml", "events", Events)


def dataset_of(window: Window, events: Events, params: Path, split: str) -> Dataset:
    """Split as `split` says, otherwise as `preprocess` in a params file does."""
    preprocess = replace(load_section(params, "preprocess", Preprocess), split=split)
    return build(window, preprocess, events)[0]


def one_day(
    users: NDArray[np.int64],
    slugs: NDArray[np.bytes_],
    movies: NDArray[np.integer[Any]],
    ratings: NDArray[np.float64],
    times: NDArray[np.int64],
) -> Aggregate:
    """n ratings as an aggregate, whatever their times (nanoseconds); `movies` index `slugs`.

    Of a pair that was rated twice the last stands, and the others are the earlier ones.
    """
    names, place = np.unique(slugs, return_inverse=True)
    movie = place[movies].astype(np.int32)
    order = np.lexsort((times, movie, users))
    u, i = users[order], movie[order]
    is_last = np.r_[(np.diff(u) != 0) | (np.diff(i) != 0), True]
    last, earlier = order[is_last], order[~is_last]
    nothing = np.zeros(len(last), np.int64)
    return Aggregate(
        movies=names,
        user=users[last],
        movie=movie[last],
        minutes=nothing.astype(np.int32),
        first_watch=nothing,
        last_watch=nothing,
        rating=ratings[last].astype(np.float32),
        rated_at=times[last],
        earlier_user=users[earlier],
        earlier_movie=movie[earlier],
        earlier_rating=ratings[earlier].astype(np.float32),
        earlier_rated_at=times[earlier],
    )
