"""A day's lines become pairs: distinct minutes, the last rating, repeats counted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset.reduce import aggregate_day
from tests.inputs.viewings import Viewing, aggregate_of, day_start, stored

VIEWINGS = st.lists(
    st.builds(
        Viewing,
        day=st.just(0),
        second=st.integers(1, 9),
        user=st.integers(1, 3),
        movie=st.sampled_from(["b+1999", "a+2001", "c"]),
        minute=st.integers(0, 2),
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
    _, counts = aggregate_day(stored(lines).to_batches(max_chunksize=4), day_start(0), buckets=2)
    assert counts["duplicates"] == len(lines) - len(set(lines))
    assert counts["rating"] == sum(v.rating > 0 for v in viewings)
    assert counts["watch"] + counts["rating"] == len(lines)
    assert (counts["oldest"], counts["newest"]) == (
        min(v.time for v in viewings), max(v.time for v in viewings)
    )  # fmt: skip


def test_lines_before_the_day_are_late() -> None:
    table = stored([Viewing(0, 5, 1, "a").line, Viewing(1, 5, 1, "a").line])
    assert aggregate_day(table.to_batches(), day_start(1))[1]["late"] == 1
