"""What a day should be by the days before it: weekends, small days, odd days, none at all."""

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from movierec.dataset.expected import MAD, MOST, Expected, Level, Share, change, rise

CHANCE = 1e-4
BUSY = [1.0, 1.0, 1.0, 1.0, 1.1, 1.5, 1.5]  # a Monday first


def count(day: int, number: float) -> Level:
    return Level.of_count(day % 7, round(number))


def weeks(days: int, number: float = 1000) -> list[Level]:
    """Days with busy weekends, and a wobble of some per cent."""
    return [
        count(day, number * BUSY[day % 7] * (1 + 0.03 * (-1) ** (day // 2))) for day in range(days)
    ]


def told(today: Level, before: list[Level], tolerated: float = 1.4) -> bool:
    factor, limit = change(today, before, tolerated, CHANCE)
    return factor > limit


def test_a_factor_is_the_same_up_and_down() -> None:
    before = [count(0, 1000)] * 5
    for number in (2000, 500):
        factor, limit = change(count(0, number), before, 1.5, CHANCE)
        assert factor == pytest.approx(2, rel=0.001)
        assert 1.5 < limit < 1.6
    assert change(count(0, 1000), before, 1.5, CHANCE)[0] == 1


@pytest.mark.parametrize("times", [0.5, 2.0])
@pytest.mark.parametrize("day", range(14, 21))
def test_half_of_a_weekend_is_told_as_is_half_of_a_monday(day: int, times: float) -> None:
    before = weeks(day)
    assert not told(count(day, 1000 * BUSY[day % 7]), before)
    assert told(count(day, 1000 * BUSY[day % 7] * times), before)


def test_a_weekend_that_is_the_first_is_compared_with_all_days() -> None:
    before = weeks(5)
    factor, _ = change(count(5, 1500), before, 1.6, CHANCE)
    assert factor == pytest.approx(1.5, rel=0.05)
    assert not told(count(5, 1500), before, tolerated=1.6)


def test_no_lines_of_a_kind_are_told_where_some_were_expected() -> None:
    """By the number that was expected: of none at all chance could make anything."""
    before = [Level.of_count(day % 7, 60, 10_000) for day in range(10)]
    assert told(Level.of_count(3, 0, 10_000), before)
    assert not told(Level.of_count(3, 45, 10_000), before)
    assert not told(Level.of_count(3, 0, 12), before)  # a day of hardly any lines
    few = [Level.of_count(day % 7, day % 2, 10_000) for day in range(10)]
    assert not told(Level.of_count(3, 0, 10_000), few)
    never = [Level.of_count(day % 7, 0, 10_000) for day in range(10)]
    assert not told(Level.of_count(3, 1, 10_000), never)
    assert told(Level.of_count(3, 2000, 10_000), never)


def test_small_days_must_be_further_off() -> None:
    limits = [
        change(count(0, n), [count(d, n) for d in range(3)], 1.5, CHANCE)[1] for n in (9, 90, 900)
    ]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 2 > limits[2]
    # Lines that come in sittings of 60 are as many less to tell by.
    alone, sittings = (Level.of_count(0, 6000, of_unit=lines) for lines in (1, 60))
    narrow, wide = (change(day, [day], 1.01, CHANCE)[1] for day in (alone, sittings))
    assert log(wide) / log(narrow) == pytest.approx(sqrt(60), rel=0.1)


def test_days_that_vary_allow_for_more() -> None:
    calm = [count(day, 1000) for day in range(14)]
    wild = [count(day, 1000 * exp(0.4 * (-1) ** (day // 7))) for day in range(14)]
    assert not told(count(14, 450), wild) and told(count(14, 450), calm)


def test_how_far_days_usually_are_from_the_expected_is_found_of_two_weeks() -> None:
    """Each day is one of two that their median stands between."""
    random = np.random.default_rng(4)
    weeks = random.normal(7, 0.2, (200, 14))
    found = [
        Expected.of([Level(k % 7, value, 1.0, True) for k, value in enumerate(two)], 0).spread
        for two in weeks
    ]
    assert np.median(np.sqrt(found)) == pytest.approx(0.2, rel=0.15)


def test_one_odd_day_shifts_nothing_and_hides_nothing() -> None:
    before = weeks(28)
    odd = [*before[:14], count(14, 30), *before[15:]]
    for day in (28, 30):
        usual, odd_one = (change(count(day, 1000), days, 1.4, CHANCE) for days in (before, odd))
        assert odd_one[0] == pytest.approx(usual[0], rel=0.05)
        assert odd_one[1] < 1.1 * usual[1]


def test_numbers_stay_numbers() -> None:
    nothing, all_of_it = Level.of_count(0, 0), Level.of_count(0, 10**18)
    assert change(nothing, [all_of_it], 1.5, CHANCE)[0] > 1e18
    assert change(all_of_it, [nothing], 1.5, 1e-300)[1] <= exp(MOST)


def share(day: int, value: float, units: float = 500) -> Share:
    return Share(day % 7, value, units)


def test_a_share_may_rise_by_what_is_tolerated_where_there_is_much_to_tell_by() -> None:
    before = [share(day, 0.2, 1e7) for day in range(14)]
    assert rise(share(14, 0, 1e7), before, 0.1, CHANCE) == pytest.approx(0.3, abs=0.001)


@pytest.mark.parametrize("units", [1, 3, 10, 40])
def test_a_few_units_do_not_alarm_by_chance(units: int) -> None:
    before = [share(day, 0.1, units) for day in range(14)]
    limit = rise(share(14, 0, units), before, 0.02, CHANCE)
    assert binom.sf(limit * units + 1e-9, units, 0.1) <= CHANCE


def test_where_there_was_none_there_may_be_one() -> None:
    before = [share(day, 0.0, 30) for day in range(3)]
    assert rise(share(3, 0, 30), before, 0.01, CHANCE) * 30 >= 2
    assert rise(share(3, 0, 30), before * 1000, 0.01, CHANCE) * 30 < 2


def test_shares_that_wander_from_day_to_day_may_go_on_to() -> None:
    calm = [share(day, 0.3, 1e6) for day in range(14)]
    wandering = [share(day, 0.3 + 0.1 * (-1) ** (day // 7), 1e6) for day in range(14)]
    low, high = (rise(share(14, 0, 1e6), before, 0.1, CHANCE) for before in (calm, wandering))
    assert low < 0.41 and high > 0.6
    assert rise(share(14, 1, 5), [share(0, 1.0, 5)], 0.1, CHANCE) == 1.0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-9, 9)), min_size=1, max_size=20))
def test_days_spread_about_the_median_of_their_weekday_or_of_all(
    days: list[tuple[int, float]],
) -> None:
    value, weekdays = np.array([v for _, v in days]), np.array([w for w, _ in days])
    residuals = []
    for v, weekday in zip(value, weekdays, strict=True):
        own = value[weekdays == weekday]
        own = own if len(own) > 1 else value
        n = len(own)
        residuals.append((v - np.median(own)) * np.sqrt(n / max(n - 1, 1)))
    spread = (MAD * float(np.median(np.abs(residuals)))) ** 2
    assert Expected.of([Level(w, v, 1, False) for w, v in days], 0).spread == spread
