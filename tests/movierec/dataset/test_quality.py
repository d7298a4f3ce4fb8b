"""Each measure of a window's quality, at its limit and past it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from movierec.dataset.quality import Validate, drift, measure
from movierec.dataset.window import WindowFile
from tests.inputs.viewings import Viewing, aggregate_of

DAYS = ["2026-11-01", "2026-11-02"]
WINDOW = WindowFile(DAYS, date(2026, 11, 5))
LIMITS = Validate(
    min_days=2,
    min_ratings=6,
    min_users=3,
    min_movies=2,
    max_age_days=2,
    max_reject_share=0.1,
    max_duplicate_share=0.1,
    max_rating_mean_shift=1.0,
    max_rating_distance=1 / 3,
)
COUNTS = [{"stored": 9, "rejected": 1, "duplicates": 1}] * 2


def days(second: tuple[int, ...] = (2, 3, 4)):
    """Three users rate 1, 2, 3 of movie a and then `second` of movie b."""
    rated = [Viewing(0, 1, user, "a", rating=user + 1) for user in (1, 2, 3)]
    rated += [Viewing(1, 1, u, "b", rating=r) for u, r in zip((1, 2, 3), second, strict=True)]
    return [aggregate_of(rated, day) for day in (0, 1)]


def failed(limits: Validate = LIMITS, counts: Any = COUNTS, window: Any = WINDOW, **kw: Any):
    return [str(m) for m in measure(window, days(**kw), counts, limits) if not m.passed]


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
    ],
)
def test_a_window_past_a_limit_names_measure_value_and_limit(
    change: dict[str, Any], said: str
) -> None:
    assert failed(replace(LIMITS, **change)) == [said]


def test_data_past_its_limits_is_named_not_only_limits_past_the_data() -> None:
    bad = [{"stored": 8, "rejected": 2, "duplicates": 0}] * 2
    assert failed(counts=bad) == ["reject_share 0.2 (at most 0.1)"]
    bad = [{"stored": 10, "rejected": 0, "duplicates": 4}, COUNTS[0]]
    assert failed(counts=bad) == ["duplicate_share 0.25 (at most 0.1)"]
    assert failed(window=replace(WINDOW, written=date(2026, 11, 6))) == ["age_days 3 (at most 2)"]


def test_drift_of_the_newest_day_is_named() -> None:
    assert failed(second=(5, 5, 5)) == [
        "rating_mean_shift 2 (at most 1)",
        "rating_distance 1 (at most 0.333333)",
    ]
    # The same mean, another distribution: only the distance tells.
    assert drift(days(second=(1, 3, 5))) == (0.0, pytest.approx(2 / 3))


def test_one_day_has_nothing_to_drift_from() -> None:
    assert drift(days()[:1]) == (None, None)
    assert drift(days(second=(2, 3, 4))) == (0.0, 0.0)
