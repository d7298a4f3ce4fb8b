"""What attacks are planted into: the simulator's world, or a file of public ratings → honest
ratings, with what was watched, and both with an attack as a `Window` of one day."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infra.simulator.attacks import WATCHED, Planted, Ratings
from infra.simulator.exact import Floats, Ints
from infra.simulator.ratings_file import read_ratings
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.dataset.aggregates import Aggregate
from movierec.dataset.scale import Events
from movierec.dataset.window import Window
from movierec.lines.kinds import RATING, WATCH
from movierec.times import DAY_SECONDS, SECOND

FIRST_DAY = 20_000
"""Since 1970: when the simulated world's log begins."""


@dataclass(frozen=True)
class Background:
    """Honest users' distinct ratings, and the distinct pairs that were watched."""

    name: str
    movies: int
    scale: tuple[float, float]
    ratings: Ratings
    watched: tuple[Ints, Ints, Ints]
    """(user, movie, minutes)."""
    fillers: int
    """Movies that an attacker rates beside the target."""


def simulated(users: int, movies: int, days: int, lines_per_day: int, seed: int) -> Background:
    """Days of the simulator's log: who rated and watched what there."""
    life = Life(make_world(seed, users, movies), lines_per_day)
    until = (FIRST_DAY + days) * DAY_SECONDS * SECOND
    rated, pairs = [], []
    for rows in life.days(FIRST_DAY, days, until):
        rated.append(rows[rows["kind"] == RATING])
        watch = rows[rows["kind"] == WATCH]
        pairs.append(watch["user"].astype(np.int64) * movies + watch["movie"])
    together = np.concatenate(rated)
    ratings = last_of_each(
        together["user"].astype(np.int64),
        together["movie"].astype(np.int64),
        together["number"].astype(np.float64),
        (together["time"] // SECOND).astype(np.int64),
        movies,
    )
    keys, minutes = np.unique(np.concatenate(pairs), return_counts=True)
    scale = (1.0, 5.0)
    return Background(
        "simulated", movies, scale, ratings, (keys // movies, keys % movies, minutes), 10
    )


def of_file(path: Path) -> Background:
    """The rated rows of a file, in which nobody watches."""
    file = read_ratings(path)
    rated = ~np.isnan(file.ratings)
    ratings = last_of_each(
        file.user_ids[file.users[rated]],
        file.movies[rated].astype(np.int64),
        file.ratings[rated],
        file.times[rated],
        len(file.slugs),
    )
    scale = float(ratings.rating.min()), float(ratings.rating.max())
    nobody = np.zeros(0, np.int64)
    return Background(path.name, len(file.slugs), scale, ratings, (nobody, nobody, nobody), 20)


def last_of_each(user: Ints, movie: Ints, rating: Floats, time: Ints, movies: int) -> Ratings:
    """The last rating of each pair."""
    order = np.lexsort((time, user * movies + movie))
    is_last = np.r_[np.diff((user * movies + movie)[order]) != 0, True]
    order = order[is_last]
    return Ratings(user[order], movie[order], rating[order], time[order])


def window_of(ground: Background, planted: Planted | None = None) -> tuple[Window, Events]:
    """The background with an attack in it, or as it is, and its scale."""
    r, watched = ground.ratings, ground.watched
    if planted is not None:
        added = planted.ratings
        r = Ratings(*(np.concatenate(both) for both in zip(columns(r), columns(added))))  # noqa: B905
        if planted.watched:
            minutes = np.full(len(added), WATCHED)
            more = added.user, added.movie, minutes
            watched = tuple(np.concatenate(both) for both in zip(watched, more, strict=True))  # type: ignore[assignment]
    return Window.of([_one_day(r, watched, ground.movies)]), Events(*ground.scale)


def columns(ratings: Ratings) -> tuple[Ints, Ints, Floats, Ints]:
    """user, movie, rating, time."""
    return ratings.user, ratings.movie, ratings.rating, ratings.time


def _one_day(r: Ratings, watched: tuple[Ints, Ints, Ints], movies: int) -> Aggregate:
    rated, seen = r.user * movies + r.movie, watched[0] * movies + watched[1]
    keys = np.union1d(rated, seen)
    at_rated, at_seen = np.searchsorted(keys, rated), np.searchsorted(keys, seen)
    rating, rated_at = np.full(len(keys), np.nan, np.float32), np.zeros(len(keys), np.int64)
    rating[at_rated], rated_at[at_rated] = r.rating, r.time * SECOND
    minutes, first = np.zeros(len(keys), np.int32), np.zeros(len(keys), np.int64)
    minutes[at_seen] = watched[2]
    # When a pair was watched tells the random split nothing: before its rating, or at the start.
    first[at_seen] = np.where(rated_at[at_seen] > 0, rated_at[at_seen], int(r.time.min()) * SECOND)
    none = np.zeros(0, np.int64)
    return Aggregate(
        movies=np.array([f"{number:08}".encode() for number in range(movies)]),
        user=keys // movies,
        movie=(keys % movies).astype(np.int32),
        minutes=minutes,
        first_watch=first,
        last_watch=first,
        rating=rating,
        rated_at=rated_at,
        earlier_user=none,
        earlier_movie=none.astype(np.int32),
        earlier_rating=none.astype(np.float32),
        earlier_rated_at=none,
    )
