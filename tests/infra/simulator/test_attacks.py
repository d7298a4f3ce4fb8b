"""What is planted is what was asked for, to the bit, and the log's truth says it."""

from dataclasses import replace

import numpy as np
import pytest

from infra.simulator.attacks import HOUR, KINDS, SIDES, WATCHED, Attack, Ratings, log_rows, plant
from movierec.lines.kinds import RATING, WATCH

MOVIES, SCALE = 80, (1.0, 5.0)


def honest() -> Ratings:
    random = np.random.default_rng(3)
    keys = random.exponential(size=(200, MOVIES)) * (np.arange(MOVIES) + 5)
    movie = np.argsort(keys, axis=1)[:, :9].ravel()
    user = np.repeat(np.arange(200) * 3 + 1, 9)
    rating = random.integers(1, 6, len(user)).astype(float)
    return Ratings(user, movie, rating, random.integers(10**9, 10**9 + 5 * 86_400, len(user)))


HONEST = honest()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_accounts_rate_the_target_with_an_end_and_each_movie_once(kind: str, side: str) -> None:
    attack = Attack(kind, side, 0.1, 12)
    planted = plant(HONEST, MOVIES, SCALE, attack)
    r = planted.ratings
    assert len(planted.users) == 20 and not np.isin(planted.users, HONEST.user).any()
    assert np.array_equal(np.unique(r.user), planted.users)
    aimed = r.movie == planted.target
    assert np.array_equal(np.sort(r.user[aimed]), planted.users)
    assert set(r.rating[aimed]) == {5.0 if side == "push" else 1.0}
    assert len(np.unique(r.user * MOVIES + r.movie)) == len(r)
    assert np.array_equal(r.rating, np.clip(np.round(r.rating), *SCALE))
    assert HONEST.time.min() <= r.time.min() and r.time.max() <= HONEST.time.max()
    counts = np.bincount(HONEST.movie, minlength=MOVIES)
    rank = np.argsort(np.argsort(-counts, kind="stable"))[planted.target]
    assert rank >= MOVIES * 0.3 if side == "push" else rank < MOVIES * 0.1
    again = plant(HONEST, MOVIES, SCALE, attack).ratings
    assert all(np.array_equal(column, vars(again)[name]) for name, column in vars(r).items())
    other = plant(HONEST, MOVIES, SCALE, replace(attack, seed=1))
    assert not np.array_equal(other.ratings.movie, r.movie)


def test_a_bandwagon_rates_what_is_well_known_and_others_what_chance_says() -> None:
    counts = np.bincount(HONEST.movie, minlength=MOVIES)
    popularity = {
        kind: counts[plant(HONEST, MOVIES, SCALE, Attack(kind, "push", 0.1, 12)).ratings.movie]
        for kind in KINDS
    }
    means = {kind: float(np.mean(values)) for kind, values in popularity.items()}
    assert means["random"] < min(means["bandwagon"], means["burst"])


def test_a_burst_is_within_an_hour_by_accounts_that_copy_somebody() -> None:
    planted = plant(HONEST, MOVIES, SCALE, Attack("burst", "push", 0.1, 12))
    r = planted.ratings
    aimed = r.movie == planted.target
    assert np.ptp(r.time[aimed]) <= HOUR
    pairs = set(zip(HONEST.movie, HONEST.rating, HONEST.time, strict=True))
    assert set(zip(r.movie[~aimed], r.rating[~aimed], r.time[~aimed], strict=True)) <= pairs
    spread = plant(HONEST, MOVIES, SCALE, Attack("random", "push", 0.1, 12))
    assert np.ptp(spread.ratings.time[spread.ratings.movie == spread.target]) > HOUR


@pytest.mark.parametrize("watches", [False, True])
def test_the_lines_of_an_attack_hold_its_ratings_and_the_cunning_watched_before(
    watches: bool,
) -> None:
    planted = plant(HONEST, MOVIES, SCALE, Attack("average", "nuke", 0.05, 6, watches))
    rows, r = log_rows(planted, seed=1), planted.ratings
    rated = rows[rows["kind"] == RATING]
    found = np.c_[rated["user"], rated["movie"], rated["number"], rated["time"] // 10**9]
    assert np.array_equal(found, np.c_[r.user, r.movie, r.rating, r.time].astype(np.int64))
    watched = rows[rows["kind"] == WATCH]
    assert len(watched) == (WATCHED * len(r) if watches else 0)
    if watches:
        assert np.array_equal(
            np.unique(watched["user"] * MOVIES + watched["movie"]),
            np.unique(r.user * MOVIES + r.movie),
        )
        assert (watched["time"].reshape(len(r), -1).max(axis=1) < rated["time"]).all()
