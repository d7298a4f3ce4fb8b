"""Sittings: who watches what, how long, and when."""

import numpy as np
import pytest

from infra.simulator.exact import stream
from infra.simulator.sessions import FIRST_START, Life, watched_minutes
from infra.simulator.world import HIGH, LOW, make_world
from movierec.errors import BadInput
from movierec.lines.kinds import RATING, REQUEST, WATCH
from movierec.times import DAY
from tests.infra.simulator.conftest import FIRST


def test_who_likes_a_movie_tends_to_finish_it():
    lengths = np.full(4000, 100)
    liked = watched_minutes(stream(1), np.full(4000, float(HIGH)), lengths)
    disliked = watched_minutes(stream(1), np.full(4000, float(LOW)), lengths)
    assert np.mean(liked == 100) == pytest.approx(0.95**2, abs=0.02)
    assert np.mean(disliked == 100) < 0.01
    assert disliked.min() >= 1 and liked.max() <= 100


def test_a_day_has_its_rows_in_order_and_requests_before_their_sitting():
    life = Life(make_world(6, users=60, movies=90), 20_000)
    first, *_ = life.days(FIRST, 1, (FIRST + 1) * DAY)
    assert (np.diff(first["arrival"]) >= 0).all()
    assert first["arrival"].max() < (FIRST + 1) * DAY
    assert first["time"].min() >= FIRST * DAY  # FIRST_START leaves room for a request
    assert FIRST_START >= 120
    for kind, share in ((WATCH, 0.986), (REQUEST, 0.009), (RATING, 0.005)):
        assert np.mean(first["kind"] == kind) == pytest.approx(share, rel=0.2)


def test_a_world_that_is_too_small_for_its_lines_is_refused():
    life = Life(make_world(6, users=3, movies=4), 20_000)
    with pytest.raises(BadInput, match="3 users and 4 movies are too few"):
        list(life.days(FIRST, 1, (FIRST + 1) * DAY))
