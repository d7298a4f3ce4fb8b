"""The hidden truth of a simulation: movies, users and their taste. No model ever sees it.

A user u likes movie i by

    r_ui = μ + b_u + b_i + p_u · q_i

with a few factors, and rates it r_ui + noise, rounded to the scale of 1 to 5. What users
choose to watch, and how long, follows the same taste, so watches tell about it too.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np

from infra.simulator.exact import Floats, Ints, bell, stream
from infra.simulator.slugs import make_slugs
from movierec.cli import whole

MEAN = 3.2
USER_BIAS = 0.40
MOVIE_BIAS = 0.40
TASTE = 0.85
"""Standard deviation of p_u · q_i, in rating points."""
FACTORS = 3
NOISE = 0.45
"""Standard deviation of a rating around its user's liking, before rounding."""
LOW, HIGH = 1, 5

ALL = slice(None)

MAX_USER_ID = 1_000_000
MAX_ACTIVITY = 10.0
ZIPF_OFFSET = 15.0
"""Popularity of the movie at rank k is 1 / (k + offset)."""


@dataclass(frozen=True)
class World:
    """n users and m movies, and what only the simulator knows of them."""

    seed: int
    users: Ints  # (n,) ids, ascending
    movies: list[str]  # (m,) slugs, most popular first
    activity: Floats  # (n,) how often a user watches, ≥ 1, heavy-tailed
    popularity: Floats  # (m,) Zipf-like
    lengths: Ints  # (m,) minutes
    b_u: Floats
    b_i: Floats
    p_u: Floats  # (n, FACTORS)
    q_i: Floats  # (m, FACTORS)

    def taste(self, users: Ints, movies: slice = ALL) -> Floats:
        """p_u · q_i of `users` (row numbers) for every one of `movies`, (len(users), …)."""
        total = np.zeros((len(users), len(self.popularity[movies])))
        for k in range(FACTORS):  # a fixed order of sums, and no BLAS: see `exact`
            total = total + self.p_u[users, k, None] * self.q_i[None, movies, k]
        return total

    def appeal(self, users: Ints, eagerness: Floats | float, movies: slice = ALL) -> Floats:
        """How likely one of `movies` is chosen, by its popularity and a user's taste: a movie one
        standard deviation to it is (1 + eagerness)⁴ as likely. `eagerness` broadcasts to (n, …)."""
        eager = 1.0 + eagerness * np.clip(self.taste(users, movies) / TASTE, -2.0, 2.0)
        return self.popularity[movies] * (eager * eager * eager * eager)

    def liking(self, users: Ints, movies: slice = ALL) -> Floats:
        """r_ui of `users` (row numbers) for every one of `movies`, not rounded, not clipped."""
        return MEAN + self.b_u[users, None] + self.b_i[None, movies] + self.taste(users, movies)

    def expected_rating(self, user: int, movie: int) -> float:
        """The mean of the ratings that user row `user` could give movie column `movie`.

        No model can predict better than this.
        """
        liking = float(self.liking(np.array([user]))[0, movie])
        return LOW + sum(
            0.5 * math.erfc((step + 0.5 - liking) / (NOISE * math.sqrt(2)))
            for step in range(LOW, HIGH)
        )


def rate(random: np.random.Generator, liking: Floats) -> Ints:
    """Ratings by users whose r_ui is `liking`: noisy, rounded, within the scale."""
    noisy = liking + NOISE * bell(random, *liking.shape)
    return np.clip(np.floor(noisy + 0.5), LOW, HIGH).astype(np.int64)


def make_world(seed: int, users: int, movies: int) -> World:
    """The world of a seed: always the same, to the bit."""
    random = stream(seed, 0)
    ids = random.choice(MAX_USER_ID, size=users, replace=False) + 1
    scale = TASTE / math.sqrt(FACTORS)
    return World(
        seed=seed,
        users=np.sort(ids.astype(np.int64)),
        movies=make_slugs(random, movies),
        # A Pareto tail of index 2: many who watch little, a few who watch ten times as much.
        activity=np.minimum(1.0 / np.sqrt(1.0 - random.random(users)), MAX_ACTIVITY),
        popularity=1.0 / (np.arange(movies, dtype=np.float64) + ZIPF_OFFSET),
        lengths=random.integers(75, 150, size=movies),
        b_u=USER_BIAS * bell(random, users),
        b_i=MOVIE_BIAS * bell(random, movies),
        p_u=bell(random, users, FACTORS),
        q_i=scale * bell(random, movies, FACTORS),
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options that make a world. The defaults are the demo's."""
    parser.add_argument("--seed", type=whole, default=7)
    parser.add_argument("--users", type=whole, default=500)
    parser.add_argument("--movies", type=whole, default=160)
