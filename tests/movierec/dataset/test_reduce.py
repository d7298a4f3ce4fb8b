"""A day's lines become pairs: distinct minutes, the last rating, repeats counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.aggregates import Aggregate, together
from movierec.dataset.reduce import reduce_day
from movierec.hashing import mix
from tests.inputs.viewings import (
    Viewing,
    aggregate_day,
    aggregate_of,
    day_start,
    read_of,
    stored,
)

VIEWINGS = st.lists(
    st.builds(
        Viewing,
        day=st.just(0),
        second=st.integers(1, 9),
        user=st.integers(1, 3),
        movie=st.sampled_from(["b+1999", "a+2001", "c"]),
        minute=st.sampled_from([0, 1, 2, 63, 64, 65, 127, 128, 65_535, 65_536, 99_999]),
        rating=st.integers(0, 5),
    ),
    min_size=1,
    max_size=30,
)


@given(VIEWINGS)
def test_pairs_are_those_of_a_loop_over_the_lines(viewings: list[Viewing]) -> None:
    aggregate = aggregate_of(viewings, 0)
    slugs = sorted({v.movie for v in viewings})
    assert aggregate.movies.tolist() == [slug.encode() for slug in slugs]
    pairs = [(int(u), slugs[m]) for u, m in zip(aggregate.user, aggregate.movie, strict=True)]
    assert pairs == sorted({(v.user, v.movie) for v in viewings})
    replaced = 0
    for row, pair in enumerate(pairs):
        mine = [v for v in viewings if (v.user, v.movie) == pair]
        watches = [v for v in mine if not v.rating]
        ratings = sorted((v for v in mine if v.rating), key=lambda v: v.time)  # stable
        assert aggregate.minutes[row] == len({v.minute for v in watches})
        assert aggregate.first_watch[row] == min((v.time for v in watches), default=0)
        assert aggregate.last_watch[row] == max((v.time for v in watches), default=0)
        if ratings:
            assert aggregate.rating[row] == ratings[-1].rating
            assert aggregate.rated_at[row] == ratings[-1].time
        else:
            assert np.isnan(aggregate.rating[row])
        earlier = (aggregate.earlier_user == pair[0]) & (
            aggregate.earlier_movie == slugs.index(pair[1])
        )
        assert aggregate.earlier_rating[earlier].tolist() == [v.rating for v in ratings[:-1]]
        replaced += len(ratings[:-1])
    assert len(aggregate.earlier_user) == replaced


def test_the_last_rating_wins_and_at_the_same_time_the_later_line() -> None:
    rated = [Viewing(0, 9, 1, "a", rating=2), Viewing(0, 5, 1, "a", rating=4)]
    assert aggregate_of(rated, 0).rating.tolist() == [2]
    tied = [Viewing(0, 5, 1, "a", rating=2), Viewing(0, 5, 1, "a", rating=4)]
    assert aggregate_of(tied, 0).rating.tolist() == [4]
    many = [Viewing(0, 5, user, "a", rating=2) for user in (1, 2, 3) for _ in range(300)]
    last = [Viewing(0, 5, user, "a", rating=4) for user in (1, 2, 3)]
    assert aggregate_of([*many, *last], 0, batch=1000).rating.tolist() == [4, 4, 4]


@given(VIEWINGS)
def test_repeats_are_lines_that_stood_before(viewings: list[Viewing]) -> None:
    lines = [v.line for v in viewings]
    _, counts = aggregate_day(stored(lines), day_start(0), most=4, batch=4)
    assert counts["duplicates"] == len(lines) - len(set(lines))
    assert counts["rating"] == sum(v.rating > 0 for v in viewings)
    assert counts["watch"] + counts["rating"] == len(lines)
    assert (counts["oldest"], counts["newest"]) == (
        min(v.time for v in viewings), max(v.time for v in viewings)
    )  # fmt: skip


def test_lines_before_the_day_are_late() -> None:
    table = stored([Viewing(0, 5, 1, "a").line, Viewing(1, 5, 1, "a").line])
    assert aggregate_day(table, day_start(1))[1]["late"] == 1


TIMES = ("2026-11-01T00:01", "2026-11-01T00:01:00", "2026-11-01T00:01:00.000000001")
LINES = st.builds(
    "{},{},{}".format,
    st.sampled_from(TIMES),  # one moment, or nearly: texts differ, so lines do
    st.sampled_from([1, 2, 999_999_999_999_999_999]),
    st.sampled_from(
        [
            "GET /data/m/a+2001/64.mpg",
            "GET /data/m/b/64.mpg",
            "GET /data/m/b/0.mpg",
            "GET /rate/b=1",
            "GET /rate/b=1.0",
            "GET /rate/only+rated=4",
            "recommendation request h:1, status 200, result: a, 3 ms",
            "recommendation request h:1, status 200, result: b, 3 ms",
            "GET /create_account",
        ]
    ),
)


@given(st.lists(LINES, min_size=1, max_size=40), st.integers(1, 40))
def test_lines_of_all_kinds_are_told_apart_by_every_byte(lines: list[str], most: int) -> None:
    table = stored([line.encode() for line in lines])
    aggregate, counts = aggregate_day(table, day_start(0), most=most)
    assert counts["duplicates"] == len(lines) - len(set(lines))
    assert counts["stored"] == len(lines)
    assert len(aggregate.earlier_user) + (~np.isnan(aggregate.rating)).sum() == counts["rating"]


@pytest.mark.parametrize("buckets", [2, 64])
@pytest.mark.parametrize("most", [6, 400, 100_000])
def test_buckets_hold_what_one_day_does(buckets: int, most: int) -> None:
    """Whether a share of the users holds many buckets, or a bucket many shares."""
    random = np.random.default_rng(6)
    viewings = [
        Viewing(0, 1 + n // 3, int(random.integers(1, 90)), f"m{n % 7}", n % 130, rating=n % 4)
        for n in range(900)
    ]
    table = stored([v.line for v in viewings])
    whole, counted = aggregate_day(table, day_start(0))
    put: dict[int, Aggregate] = {}
    assert reduce_day(read_of(table), day_start(0), put.__setitem__, buckets, most) == counted
    assert sorted(put) == list(range(buckets))
    for bucket, aggregate in put.items():
        users = np.r_[aggregate.user, aggregate.earlier_user]
        assert not (mix(users) % np.uint64(buckets) != bucket).any()
        used = np.r_[aggregate.movie, aggregate.earlier_movie]
        assert np.unique(used).tolist() == list(range(len(aggregate.movies)))
    joined = together([put[bucket] for bucket in sorted(put)])
    for name, column in vars(whole).items():
        found = getattr(joined, name)
        assert (found.dtype, found.tobytes()) == (column.dtype, column.tobytes()), name


@pytest.mark.parametrize("most", [50, 400, 100_000])
def test_how_much_is_held_at_a_time_decides_no_byte(most: int) -> None:
    random = np.random.default_rng(5)
    viewings = [
        Viewing(0, int(s), int(u), f"m{m}", int(minute), int(r))
        for s, u, m, minute, r in zip(
            random.integers(1, 50, 3000),
            random.integers(1, 40, 3000),
            random.integers(0, 9, 3000),
            random.integers(0, 200, 3000),
            random.choice([0, 0, 0, 3, 4], 3000),
            strict=True,
        )
    ]
    table = stored([v.line for v in viewings])
    whole, counted = aggregate_day(table, day_start(0))
    shared, again = aggregate_day(table, day_start(0), most=most)
    assert counted == again and counted["duplicates"] > 0
    for name, column in vars(whole).items():
        assert column.tobytes() == getattr(shared, name).tobytes(), name


@pytest.mark.parametrize("most", [100, 100_000])
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_decide_no_byte(threads: int, most: int) -> None:
    """Each user rates each movie many times at one moment: the last line of the log must win."""
    viewings = [Viewing(0, 5, n % 2, f"m{n % 3}", n % 40, rating=n // 6 % 6) for n in range(300)]
    table = stored([v.line for v in viewings])
    alone, counted = aggregate_day(table, day_start(0), most=most, batch=9)
    shared, again = aggregate_day(table, day_start(0), most=most, batch=9, threads=threads)
    assert counted == again and counted["duplicates"] > 0
    for name, column in vars(alone).items():
        found = getattr(shared, name)
        same = (found.dtype, found.tobytes()) == (column.dtype, column.tobytes())
        assert same, name  # alone: pytest would compare long bytes by the minute
