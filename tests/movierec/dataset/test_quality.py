"""Each measure of a window's quality, at its limit and past it."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.quality import Measure, Validate, measure, rating_shift
from movierec.dataset.scale import Events
from movierec.dataset.windowfile import WindowFile
from tests.inputs.viewings import Viewing, aggregate_of

DAYS = ["2026-11-01", "2026-11-02"]
WINDOW = WindowFile(DAYS, "2026-11-05")
SCALE = Events(1.0, 5.0)
LIMITS = Validate(
    min_days=2,
    min_ratings=6,
    min_users=3,
    min_movies=2,
    max_age_days=2,
    max_reject_share=0.1,
    max_duplicate_share=0.1,
    max_off_scale_share=0.5,
    max_bad_rating_share=0.25,
    max_rating_mean_shift=1.0,
    max_rating_distance=1 / 3,
)
COUNTS = [
    {"stored": 9, "rejected": 1, "duplicates": 1, "rating": 3, "reasons": {"bad-rating": 1}}
] * 2


def days(second: tuple[int, ...] = (2, 3, 4)):
    """Three users rate 1, 2, 3 of movie a and then `second` of movie b."""
    rated = [Viewing(0, 1, user, "a", rating=user + 1) for user in (1, 2, 3)]
    rated += [Viewing(1, 1, u, "b", rating=r) for u, r in zip((1, 2, 3), second, strict=True)]
    return [aggregate_of(rated, day) for day in (0, 1)]


def failed(
    limits: Validate = LIMITS,
    counts: Any = COUNTS,
    window: Any = WINDOW,
    scale: Events = SCALE,
    **kw: Any,
):
    return [str(m) for m in measure(window, days(**kw), counts, scale, limits) if not m.passed]


def test_a_window_at_its_limits_passes() -> None:
    assert failed() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"min_days": 3}, "days 2 (at least 3)"),
        ({"min_ratings": 7}, "ratings 6 (at least 7)"),
        ({"min_users": 4}, "users 3 (at least 4)"),
        ({"min_movies": 3}, "movies 2 (at least 3)"),
        ({"max_age_days": 1}, "age_days 2 (at most 1)"),
        ({"max_reject_share": 0.09}, "reject_share 0.1 (at most 0.09)"),
        ({"max_duplicate_share": 0.09}, "duplicate_share 0.1 (at most 0.09)"),
        (
            {"max_bad_rating_share": 0.24},
            "bad_rating_share 0.25 (at most 0.24): 2 of 8 rating lines were rejected, "
            "see rejected.jsonl of the days",
        ),
    ],
)
def test_a_window_past_a_limit_names_measure_value_and_limit(
    change: dict[str, Any], said: str
) -> None:
    assert failed(replace(LIMITS, **change)) == [said]


def test_data_past_its_limits_is_named_not_only_limits_past_the_data() -> None:
    bad = [{**COUNTS[0], "stored": 8, "rejected": 2, "duplicates": 0}] * 2
    assert failed(counts=bad) == ["reject_share 0.2 (at most 0.1)"]
    bad = [{**COUNTS[0], "stored": 10, "rejected": 0, "duplicates": 4}, COUNTS[0]]
    assert failed(counts=bad) == ["duplicate_share 0.25 (at most 0.1)"]
    assert failed(window=replace(WINDOW, written="2026-11-06")) == ["age_days 3 (at most 2)"]


def test_ratings_that_were_refused_for_their_time_or_user_are_bad_ratings_too() -> None:
    """An aggregate of before knows of those alone that were no ratings but for their number."""
    known = {**COUNTS[0], "reasons": {"bad-time": 2}, "rejected_ratings": 2}
    assert failed(counts=[known, COUNTS[1]]) == [
        "bad_rating_share 0.333333 (at most 0.25): 3 of 9 rating lines were rejected, "
        "see rejected.jsonl of the days"
    ]


def test_drift_of_the_newest_day_is_named() -> None:
    assert failed(second=(5, 5, 5)) == [
        "rating_mean_shift 2 (at most 1)",
        "rating_distance 1 (at most 0.333333)",
    ]
    # The same mean, another distribution: only the distance tells.
    assert rating_shift(days(second=(1, 3, 5))) == (0.0, pytest.approx(2 / 3))


RATINGS = st.lists(st.sampled_from([np.nan, -7, 0.1, 1, 3.8, 5, 900]), max_size=9)


@settings(max_examples=50)
@given(st.lists(RATINGS, min_size=2, max_size=5))
def test_the_newest_day_is_held_against_all_ratings_before(rated: list[list[float]]) -> None:
    day = Aggregate(*[np.empty(0)] * 12)
    some = [replace(day, rating=np.array(ratings, np.float32)) for ratings in rated]
    before, newest = np.concatenate([day.rating for day in some[:-1]]), some[-1].rating
    rest, new = (side[~np.isnan(side)] for side in (before, newest))
    if not len(rest) or not len(new):
        assert rating_shift(some) == (None, None)
        return
    means = [side.mean(dtype=np.float64) for side in (new, rest)]
    apart = [abs(np.mean(new == v) - np.mean(rest == v)) for v in np.unique([*new, *rest])]
    expected = abs(means[0] - means[1]), sum(apart) / 2
    assert rating_shift(some) == pytest.approx(expected, abs=1e-10)


def test_more_days_take_no_more_memory() -> None:
    day = replace(days()[0], rating=np.arange(100_000, dtype=np.float32) % 5)

    def peak(count: int) -> int:
        tracemalloc.start()
        rating_shift([day] * count)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    assert peak(30) < 1.2 * peak(3)


def test_one_day_has_nothing_to_drift_from() -> None:
    assert rating_shift(days()[:1]) == (None, None)
    assert rating_shift(days(second=(2, 3, 4))) == (0.0, 0.0)


def test_the_age_is_that_of_the_newest_day_in_a_window_of_any_length() -> None:
    three = WindowFile(["2026-10-01", "2026-10-02", "2026-11-02"], "2026-11-05")
    assert failed(window=three) == []
    one = WindowFile(["2026-11-01"], "2026-11-05")
    assert failed(window=one) == ["age_days 3 (at most 2)"]


def test_ratings_off_the_scale_are_counted_and_both_ends_are_on_it() -> None:
    assert failed(scale=Events(2.0, 3.0)) == []  # of 2 3 4 2 3 4 the fours are off
    assert failed(second=(7, 3, 10), scale=Events(3.0, 4.5)) == [
        "rating_mean_shift 3.66667 (at most 1)",
        "rating_distance 0.666667 (at most 0.333333)",
    ]  # half are off: at the limit
    said = failed(second=(7, 6, 10), scale=Events(3.0, 4.5))[0]
    assert said == (
        "off_scale_share 0.666667 (at most 0.5): 4 of 6 ratings are outside the scale 3 to 4.5, "
        "which is `events` in params.yaml"
    )


def test_a_rating_that_was_replaced_counts_as_well() -> None:
    rated = [Viewing(0, second, 1, "a", rating=r) for second, r in ((1, 9), (2, 9), (3, 4))]
    counts = [{**COUNTS[0], "reasons": {}}]
    measures = measure(WINDOW, [aggregate_of(rated, 0)], counts, SCALE, LIMITS)
    assert [m.value for m in measures if m.name == "off_scale_share"] == [2 / 3]


def test_without_ratings_there_is_nothing_to_measure() -> None:
    watched = [aggregate_of([Viewing(0, 1, 1, "a")], 0)]
    counts = [{**COUNTS[0], "rating": 0, "reasons": {}}]
    measures = {m.name: m for m in measure(WINDOW, watched, counts, SCALE, LIMITS)}
    for name in ("off_scale_share", "bad_rating_share", "rating_mean_shift"):
        assert measures[name].value is None and measures[name].passed
    assert str(Measure("shift", None, 1, False)) == "shift none (at most 1)"


@pytest.mark.parametrize("newest", [True, False])
def test_means_are_taken_of_more_digits_than_a_rating_has(newest: bool) -> None:
    day = aggregate_of([Viewing(0, 5, 1, "a", rating=1)], 0)
    zero = replace(day, rating=np.zeros(1, np.float32))
    many = replace(day, rating=np.array([1 << 24, 1, 1, 1], np.float32))
    shift, _ = rating_shift([zero, many] if newest else [many, zero])
    assert shift == ((1 << 24) + 3) / 4
