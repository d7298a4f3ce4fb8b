"""Each measure of drift on days made by hand; simulated weeks are in test_normal_days.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movierec.dataset.aggregates import Aggregate
from movierec.dataset.daily import Daily
from movierec.dataset.drift import Drift, lookback, measures, report
from movierec.dataset.past import dailies
from movierec.dataset.scale import Events
from movierec.params import load_section
from movierec.times import day_name, day_number

LIMITS = load_section(Path(__file__).parents[3] / "params.yaml", "drift", Drift)
SCALE = Events(1.0, 5.0)
USERS, MOVIES = 300, 50
NAMES = [
    "rating_psi", "rating_ks", "minutes_psi", "minutes_ks",
    "lines_ratio", "users_ratio", "lines_per_user_ratio",
    "watch_share_ratio", "rating_share_ratio", "request_share_ratio", "account_share_ratio",
    "new_users", "new_movies", "reject_share", "bad_rating_share", "late_share", "duplicate_share",
]  # fmt: skip
Made = tuple[Aggregate, dict[str, Any]]


def day_of(random: np.random.Generator, users: int = USERS, times: float = 1.0) -> Made:
    """Each user watches one movie, and rates it."""
    slugs = np.array(sorted(f"m{k:02}" for k in range(MOVIES)), np.bytes_)
    zeros, minutes = np.zeros(users, np.int64), np.ceil(times * random.gamma(2, 30, users))
    aggregate = Aggregate(
        slugs, np.arange(users) + 1, random.integers(0, MOVIES, users).astype(np.int32),
        minutes.astype(np.int32), zeros, zeros,
        random.choice(5, users, p=[0.05, 0.1, 0.3, 0.35, 0.2]).astype(np.float32) + 1, zeros,
        zeros[:0], np.empty(0, np.int32), np.empty(0, np.float32), zeros[:0],
    )  # fmt: skip
    watch = int(minutes.sum())
    counts = {"watch": watch, "rating": users, "request": users, "account": users // 5}
    faults = {"rejected": watch // 1000, "rejected_ratings": 0, "late": 3, "duplicates": 0}
    return aggregate, {"stored": sum(counts.values()), **counts, **faults, "reasons": {}}


def normal(count: int) -> list[Made]:
    random = np.random.default_rng(8)
    return [day_of(random) for _ in range(count)]


def facts(made: list[Made]) -> list[Daily]:
    names = [day_name(day_number("2026-11-02") + k) for k in range(len(made))]
    return dailies(names, [m[0] for m in made], [m[1] for m in made], SCALE)


def failed(made: list[Made]) -> list[str]:
    return [measure.name for measure in measures(facts(made), LIMITS) if not measure.passed]


def with_counts(day: Made, **counts: int) -> Made:
    return day[0], {**day[1], **counts}


def with_fields(day: Made, **fields: Any) -> Made:
    return replace(day[0], **fields), day[1]


SHIFTS: dict[str, tuple[Callable[[Made], Made], set[str]]] = {
    "nothing": (lambda day: day, set()),
    "ratings half a point higher": (
        lambda day: with_fields(day, rating=day[0].rating + np.float32(0.5)),
        {"rating_psi", "rating_ks"},
    ),
    "ratings turned round": (
        lambda day: with_fields(day, rating=6 - day[0].rating),
        {"rating_psi", "rating_ks"},
    ),
    "other users": (lambda day: with_fields(day, user=day[0].user + 10_000), {"new_users"}),
    "other movies": (
        lambda day: with_fields(day, movies=np.char.add(day[0].movies, b"+2")),
        {"new_movies"},
    ),
    "no requests": (lambda day: with_counts(day, request=0), {"request_share_ratio"}),
    "accounts by the hundred": (lambda day: with_counts(day, account=400), {"account_share_ratio"}),
    "rejects": (lambda day: with_counts(day, rejected=600), {"reject_share"}),
    "refused ratings": (lambda day: with_counts(day, rejected_ratings=40), {"bad_rating_share"}),
    "late lines": (lambda day: with_counts(day, late=400), {"late_share"}),
    "repeats": (lambda day: with_counts(day, duplicates=400), {"duplicate_share"}),
    "a third of the users": (
        lambda day: day_of(np.random.default_rng(9), users=100),
        {"lines_ratio", "users_ratio"},
    ),
    "users who watch three times as much": (
        lambda day: day_of(np.random.default_rng(9), times=3),
        {"lines_ratio", "lines_per_user_ratio", "minutes_psi", "minutes_ks", "rating_share_ratio"}
        | {"request_share_ratio", "account_share_ratio"},
    ),
}


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("before", [2, 9])
def test_a_shift_is_told_by_its_measures_alone(before: int, name: str) -> None:
    *days, today = normal(before + 1)
    shift, names = SHIFTS[name]
    told = set(failed([*days, shift(today)]))
    assert told == names


def test_the_first_day_has_nothing_to_be_compared_with() -> None:
    found = measures(facts(normal(1)), LIMITS)
    assert [measure.name for measure in found] == NAMES
    assert all(measure.value is None and measure.passed for measure in found)


def test_a_day_without_anything_is_told_by_its_lines() -> None:
    nothing = day_of(np.random.default_rng(1), users=0)
    silent = with_counts(nothing, stored=0, account=0, late=0)
    told = measures(facts([*normal(3), silent]), LIMITS)
    assert [measure.name for measure in told] == NAMES
    assert {measure.name for measure in told if not measure.passed} == {
        "lines_ratio",
        "users_ratio",
    }
    after = measures(facts([*normal(3), silent, normal(1)[0]]), LIMITS)
    assert {m.name for m in after if not m.passed} <= {"new_users", "new_movies"}


@pytest.mark.parametrize(("days", "back"), [(1, 0), (2, 1), (3, 1), (5, 2), (14, 7), (60, 7)])
def test_what_is_new_is_told_by_a_week_or_by_half_of_the_window(days: int, back: int) -> None:
    assert lookback(facts(normal(1)) * days) == back


def test_each_day_of_the_window_is_reported_and_the_newest_one_by_its_measures() -> None:
    days = normal(4)
    shifted = with_counts(days[1], rejected=600)
    told = report(facts([days[0], shifted, *days[2:]]), SCALE, LIMITS)
    names = [f"2026-11-0{k}" for k in (2, 3, 4, 5)]
    assert (told["day"], told["passed"], list(told["days"])) == (names[-1], True, names)
    assert [told["days"][name]["failed"] for name in names] == [[], ["reject_share"], [], []]
    assert list(told["measures"]) == NAMES
    newest, series = told["measures"]["rating_psi"], told["days"][names[-1]]
    assert set(newest) == {"value", "limit", "passed", "note"}
    assert newest["value"] == series["values"]["rating_psi"] < series["limits"]["rating_psi"]
    assert newest["note"] == "300 beside 900 of 3 days before"
    assert series["users"] == USERS and series["lines"]["account"] == 60
    assert sum(series["ratings"].values()) == USERS and set(series["ratings"]) == set("12345") - {
        "5"
    } | {"4.8"}


def test_an_alarm_of_the_newest_day_is_none_of_the_window_only() -> None:
    *days, today = normal(3)
    told = report(facts([*days, with_counts(today, rejected=600)]), SCALE, LIMITS)
    assert not told["passed"] and not told["measures"]["reject_share"]["passed"]
