"""What a day is told beside days that were added up is what it is beside all of their values."""

import tracemalloc
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from movierec.dataset import vocabulary
from movierec.dataset.aggregates import Aggregate
from movierec.dataset.daily import MINUTES, Beside, Daily, scale_bins, scale_edges
from movierec.dataset.distance import between, joined_bins, psi
from movierec.dataset.expected import peers
from movierec.dataset.past import dailies, minutes_of, ratings_of
from movierec.dataset.scale import Events
from movierec.times import day_name, day_number
from tests.inputs.viewings import Viewing, aggregate_of

SCALE = Events(1.0, 5.0)
COUNTS: dict[str, Any] = {"stored": 0}


def days(viewings: list[Viewing], names: int = 3) -> list[Daily]:
    return facts([aggregate_of(viewings, day) for day in range(names)], list(range(names)))


def facts(aggregates: list[Aggregate], at: list[int]) -> list[Daily]:
    names = [day_name(day_number("2026-11-01") + day) for day in at]
    return dailies(names, aggregates, [COUNTS] * len(names), SCALE)


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
    assert first.users.new == [2] * 8
    assert second.users.new == [1] + [0] * 7
    assert third.users.new == [3, 2, 1, 1, 1, 1, 1, 1]
    # Movies a and c, which one and two users took up; c is of the day before, a too.
    assert (third.movies.ids, third.movies.new) == (2, [3] + [0] * 7)
    assert second.movies.new == [2] + [1] * 7


def test_who_was_seen_a_week_ago_is_not_new_and_who_was_a_day_before_that_is() -> None:
    seen = [Viewing(0, 9, 1, "a"), Viewing(1, 9, 2, "b")]
    last = days([*seen, Viewing(8, 9, 1, "a"), Viewing(8, 9, 2, "b")], 9)[-1]
    assert last.users.new == last.movies.new == [2, 2, 2, 2, 2, 2, 2, 1]


def test_take_ups_of_one_movie_hang_together() -> None:
    _, _, third = days([Viewing(2, 9, user, "a") for user in range(1, 9)] + [Viewing(2, 9, 9, "b")])
    assert third.movies.units == pytest.approx(81 / 65)
    assert third.users.units == 9


def test_ratings_that_were_replaced_count_and_minutes_are_of_a_user() -> None:
    rated = [Viewing(0, 5, 1, "a", rating=2), Viewing(0, 6, 1, "a", rating=4)]
    watched = [Viewing(0, 9, 1, "a", minute=m) for m in (0, 1)] + [Viewing(0, 9, 1, "b")]
    viewings = [*rated, *watched, Viewing(0, 9, 2, "a", rating=9)]
    first, *_ = days(viewings)
    rater, rating = ratings_of(aggregate_of(viewings, 0))
    assert sorted(zip(rater.tolist(), rating.tolist(), strict=True)) == [(1, 2), (1, 4), (2, 9)]
    assert [column.tolist() for column in minutes_of(aggregate_of(viewings, 0))] == [[1, 2], [3, 0]]
    assert (first.ratings.mean, first.minutes.mean) == (5, 1.5)
    assert first.variation == 1.5**2 / 1.5**2 / 2
    names = np.repeat(scale_bins(SCALE), first.ratings.counts)
    assert names.tolist() == ["2", "4", "above"]


def peak(count: int) -> int:
    """Bytes that a window of `count` days takes beside its aggregates."""
    random, users = np.random.default_rng(1), 10_000
    viewings = aggregate_of([Viewing(0, 9, 1, "a")], 0)
    zeros = np.zeros(users, np.int64)
    day = replace(
        viewings,
        user=np.arange(users),
        movie=zeros.astype(np.int32),
        minutes=random.integers(1, 200, users).astype(np.int32),
        rating=random.integers(1, 6, users).astype(np.float32),
    )
    tracemalloc.start()
    facts([day] * count, list(range(count)))
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return taken


def test_a_longer_window_of_the_same_users_takes_no_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vocabulary, "TOGETHER", 1)
    assert peak(42) < 1.2 * peak(14)


Pairs = tuple[NDArray[np.int64], NDArray[np.float64]]


def effect(unit: NDArray[np.int64], at: NDArray[np.int64], bins: int) -> float:
    """The design effect of values in bins, of all of them at once."""
    units, row = np.unique(unit, return_inverse=True)
    counts, of_unit = np.bincount(at, minlength=bins), np.bincount(row)
    if len(units) == 1 or np.count_nonzero(counts) < 2:
        return len(unit) / len(units)
    p, found = counts / len(unit), 0.0
    for k in np.flatnonzero(counts):
        residual = np.bincount(row, weights=at == k) - p[k] * of_unit
        found += float((residual * residual).sum()) / (len(unit) * p[k])
    found *= len(units) / (len(units) - 1) / (np.count_nonzero(counts) - 1)
    return max(1.0, found)


def check(beside: Beside, new: Pairs, old: list[Pairs], edges: NDArray[np.float64]) -> None:
    """A day's values beside all values of the days before, joined; to the last bit."""
    bins = len(edges) + 1
    unit, value = (np.concatenate(column) for column in zip(*old, new, strict=True))
    unit, value = unit[: len(unit) - len(new[0])], value[: len(value) - len(new[0])]
    assert (len(beside), beside.old, beside.days) == (len(new[0]), len(unit), len(old))
    assert (beside.apart is None) == (not len(unit) or not len(new[0]))
    if beside.apart is None:
        return
    at, new_at = (np.searchsorted(edges, values, side="right") for values in (value, new[1]))
    counts, new_counts = np.bincount(at, minlength=bins), np.bincount(new_at, minlength=bins)
    own = [np.searchsorted(edges, values, side="right") for _, values in old if len(values)]
    spread = between([np.bincount(places, minlength=bins) for places in own])
    n = len(new[0]) / max(effect(new[0], new_at, bins), spread)
    m = len(unit) / max(effect(unit, at, bins), spread)
    starts = joined_bins(new_counts, counts, n)
    assert (beside.apart.n, beside.apart.m, beside.apart.bins) == (n, m, len(starts))
    assert beside.apart.psi == psi(
        np.add.reduceat(new_counts, starts), np.add.reduceat(counts, starts)
    )
    assert beside.apart.ks == pytest.approx(ks_2samp(new[1], value).statistic, abs=1e-12)


VIEWINGS = st.lists(
    st.builds(
        Viewing,
        st.integers(0, 5),
        st.integers(1, 40),
        st.integers(1, 6),
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from([0, 0, 1, 4, 5, 9]),
    ),
    max_size=60,
)


@settings(max_examples=20, deadline=None)
@given(VIEWINGS, st.lists(st.integers(0, 15), min_size=6, max_size=6, unique=True))
def test_a_day_is_told_as_it_is_beside_all_values_of_the_days_before(
    viewings: list[Viewing], at: list[int]
) -> None:
    aggregates, at = [aggregate_of(viewings, day) for day in range(6)], sorted(at)
    made = facts(aggregates, at)
    ratings, minutes = (list(map(of, aggregates)) for of in (ratings_of, minutes_of))
    seen: dict[int, int] = defaultdict(lambda: -99)
    for k, day in enumerate(made):
        check(day.ratings, ratings[k], ratings[:k], scale_edges(SCALE))
        like = peers(np.array([other.weekday for other in made[:k]], np.int64), day.weekday)
        old = [pairs for pairs, taken in zip(minutes[:k], like, strict=True) if taken]
        check(day.minutes, minutes[k], old, MINUTES)
        users = minutes[k][0].tolist()
        assert day.users.new == [sum(k - seen[u] > back for u in users) for back in range(8)]
        seen.update(dict.fromkeys(users, k))
