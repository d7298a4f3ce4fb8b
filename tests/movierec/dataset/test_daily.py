"""The facts of a day, from a log of a few lines."""

import numpy as np
import pytest

from movierec.dataset.daily import NEVER, Daily, dailies, scale_bins, scale_edges
from movierec.dataset.scale import Events
from tests.inputs.viewings import Viewing, aggregate_of

NAMES = ["2026-11-01", "2026-11-02", "2026-11-03"]
COUNTS = {
    "stored": 10, "watch": 6, "rating": 3, "request": 1, "account": 0,
    "rejected": 2, "rejected_ratings": 1, "reasons": {}, "late": 4, "duplicates": 5,
}  # fmt: skip


def days(viewings: list[Viewing]) -> list[Daily]:
    aggregates = [aggregate_of(viewings, day) for day in range(3)]
    return dailies(NAMES, aggregates, [COUNTS] * 3, Events(1.0, 5.0))


def test_who_and_what_is_new_is_told_by_when_it_was_seen_last() -> None:
    seen = [
        (0, 1, "a"),
        (0, 2, "b"),
        (1, 2, "a"),
        (1, 2, "c"),
        (2, 1, "a"),
        (2, 2, "c"),
        (2, 3, "c"),
    ]
    first, second, third = days([Viewing(d, 9, user, movie) for d, user, movie in seen])
    assert first.users.gap.tolist() == [NEVER, NEVER]
    assert second.users.gap.tolist() == [1]
    assert third.users.gap.tolist() == [2, 1, NEVER]
    assert third.users.new_share(1) == pytest.approx(2 / 3)
    assert third.users.new_share(2) == pytest.approx(1 / 3)
    # Movies a and c, which one and two users took up; c is of the day before, a too.
    assert (third.movies.weight.tolist(), third.movies.gap.tolist()) == ([1, 2], [1, 1])
    assert second.movies.gap.tolist() == [1, NEVER]
    assert second.movies.new_share(1) == 0.5


def test_take_ups_of_one_movie_hang_together() -> None:
    _, _, third = days([Viewing(2, 9, user, "a") for user in range(1, 9)] + [Viewing(2, 9, 9, "b")])
    assert third.movies.units == pytest.approx(81 / 65)
    assert third.users.units == 9


def test_ratings_that_were_replaced_count_and_minutes_are_of_a_user() -> None:
    rated = [Viewing(0, 5, 1, "a", rating=2), Viewing(0, 6, 1, "a", rating=4)]
    watched = [Viewing(0, 9, 1, "a", minute=m) for m in (0, 1)] + [Viewing(0, 9, 1, "b")]
    first, *_ = days([*rated, *watched, Viewing(0, 9, 2, "a", rating=9)])
    assert sorted(first.ratings.value.tolist()) == [2, 4, 9]
    assert sorted(first.ratings.unit.tolist()) == [1, 1, 2]
    assert first.minutes.value.tolist() == [3, 0]
    names = np.repeat(scale_bins(Events(1.0, 5.0)), first.ratings.counts)
    assert names.tolist() == ["2", "4", "above"]


def test_faults_are_of_the_lines_that_could_have_them() -> None:
    day = days([])[0]
    assert day.faults == {
        "reject_share": (2, 12),
        "bad_rating_share": (1, 4),
        "late_share": (4, 10),
        "duplicate_share": (5, 10),
    }
    assert [day.weekday for day in days([])] == [6, 0, 1]
    assert day.users.new_share(1) is None and day.users.units == 0


@pytest.mark.parametrize("scale", [(1, 5, 1), (0.5, 5, 0.5), (0, 10, 1), (0, 100, 5), (-1, 1, 0.1)])
def test_each_step_of_a_scale_has_a_bin_of_its_own(scale: tuple[float, float, float]) -> None:
    low, high, step = scale
    steps = np.arange(round((high - low) / step)) * step + low
    at = np.searchsorted(scale_edges(Events(low, high)), steps.astype(np.float32), side="right")
    assert len(set(at.tolist())) == len(steps)
    off = np.array([low - step / 2, high, high + step / 2], np.float32)
    ends = np.searchsorted(scale_edges(Events(low, high)), off, side="right")
    assert ends.tolist() == [0, 20, 21]
    assert [scale_bins(Events(low, high))[k] for k in (0, 1, 21)] == ["below", f"{low:g}", "above"]
