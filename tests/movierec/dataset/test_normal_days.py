"""Judged against simulated weeks: drift is quiet on normal days, and alarms on planted shifts.

Normal days have weekends that are 1.4 times as busy. A shift begins on one day and stays: in the
second week, when the window has one day of each weekday, and on a Wednesday and a Saturday of the
fourth. It is to be told on that day. `pytest -s -m slow --at-length` prints the rates of three
seeds of each size, and without that word of one.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.simulator.world import make_world
from movierec.dataset.aggregates import Aggregate
from movierec.dataset.daily import Daily
from movierec.dataset.drift import Drift, measures
from movierec.dataset.past import dailies
from movierec.dataset.scale import Events
from movierec.params import load_section
from movierec.times import day_name
from tests.inputs.weeks import (
    MONDAY,
    Lines,
    Shift,
    Weeks,
    aggregate_lines,
    newcomers,
    rated,
    refused,
    renamed,
    without,
)

pytestmark = pytest.mark.slow

PARAMS = Path(__file__).parents[3] / "params.yaml"
LIMITS, SCALE = load_section(PARAMS, "drift", Drift), load_section(PARAMS, "events", Events)
DAYS, BEGINNINGS, PATIENCE = 28, (10, 23, 26), 2
SIZES = {"small": (150, 400, 8_000), "middling": (300, 400, 20_000), "large": (600, 300, 60_000)}
"""Users, movies and lines a day: some 40, 100 and 300 ratings a day."""
SEEDS = (1, 2, 3)

MUST: dict[str, Shift | float] = {
    "ratings + 0.5": rated(lambda r: r + 0.5),
    "ratings of 2 to 10": rated(lambda r: 2 * r),
    "new users + 50 %": newcomers(0.5),
    "new users + 30 %": newcomers(0.3),
    "half of the movies new": renamed(0.5),
    "activity halved": 0.5,
    "activity doubled": 2.0,
    "no ratings": without(b"/rate/"),
    "no requests": without(b"recommendation request"),
    "no watches": without(b"/data/m/"),
    "rejects 5 %": refused(0.05),
    "rejects 2 %": refused(0.02),
    "half of the ratings refused": refused(0.5, b"/rate/"),
}
"""Told on the first day, of any log but for SMALL of a small one."""
MAY: dict[str, Shift | float] = {
    "ratings + 0.5 of 30 %": rated(lambda r: r + 0.5, 0.3),
    "ratings + 1 of 50 %": rated(lambda r: min(r + 1, 5), 0.5),
    "new users + 20 %": newcomers(0.2),
    "new users + 10 %": newcomers(0.1),
    "30 % of the movies new": renamed(0.3),
    "activity × 0.6": 0.6,
    "activity × 1.6": 1.6,
    "half of the ratings missing": without(b"/rate/", 0.5),
    "half of the requests missing": without(b"recommendation request", 0.5),
    "rejects 1 %": refused(0.01),
    "10 % of the ratings refused": refused(0.1, b"/rate/"),
}
"""Smaller ones: told where there is enough to tell by."""
SMALL = {"activity halved", "activity doubled"}
"""What 8,000 lines a day may be too few for in the second week, with one day to compare with."""

Made = tuple[Aggregate, dict[str, Any]]


@dataclass(frozen=True)
class World:
    life: Weeks
    lines: dict[int, Lines]  # of the days that a shift may be planted in
    days: list[Made]


@pytest.fixture(scope="module")
def worlds(at_length: bool) -> dict[tuple[str, int], World]:
    found = {}
    for size, (users, movies, lines_per_day) in SIZES.items():
        for seed in SEEDS if at_length else SEEDS[:1]:
            life = Weeks(make_world(seed, users, movies), lines_per_day)
            lines, made = {}, []
            for day, log in enumerate(life.lines(DAYS)):
                made.append(aggregate_lines(log, day))
                if any(begin <= day < begin + PATIENCE for begin in BEGINNINGS):
                    lines[day] = log
            found[size, seed] = World(life, lines, made)
    return found


def facts(made: list[Made]) -> list[Daily]:
    names = [day_name(MONDAY + day) for day in range(len(made))]
    return dailies(names, [m[0] for m in made], [m[1] for m in made], SCALE)


def failed(days: list[Daily]) -> list[str]:
    return [measure.name for measure in measures(days, LIMITS) if not measure.passed]


def test_it_is_quiet_on_28_normal_days(worlds: dict[tuple[str, int], World]) -> None:
    alarms: Counter[str] = Counter()
    windows = Counter(size for size, _ in worlds)
    for (size, _), world in worlds.items():
        days = facts(world.days)
        assert len(days) == DAYS
        alarms[size] += sum(bool(failed(days[: k + 1])) for k in range(DAYS))
    print("\nfalse alarms in 28 days:", {s: f"{alarms[s]} of {windows[s]} windows" for s in SIZES})
    assert alarms.total() == 0


def planted(world: World, shift: Shift | float, begin: int) -> tuple[int | None, list[str]]:
    """On which day of a shift it is told, the first being 1, and by which measures."""
    made, random = world.days[:begin], np.random.default_rng(begin)
    for day in range(begin, min(begin + PATIENCE, DAYS)):
        if isinstance(shift, float):
            lines = world.life.again(day, shift)
        else:
            lines = shift(world.lines[day], random)
        made = [*made, aggregate_lines(lines, day)]
        if names := failed(facts(made)):
            return day - begin + 1, names
    return None, []


def told(
    worlds: dict[tuple[str, int], World], shift: Shift | float
) -> tuple[dict[str, list[int | None]], Counter[str]]:
    days, names = defaultdict(list), Counter[str]()
    for (size, _), world in worlds.items():
        for begin in BEGINNINGS:
            day, by = planted(world, shift, begin)
            days[size].append(day)
            names.update(by)
    return days, names


def show(name: str, days: dict[str, list[int | None]], names: Counter[str]) -> None:
    shares = [f"{sum(day == 1 for day in days[size])}/{len(days[size])}" for size in SIZES]
    second = sum(day == 2 for of_size in days.values() for day in of_size)
    most = ", ".join(name for name, _ in names.most_common(2))
    print(f"{name:29}", *(f"{share:>6}" for share in shares), f"  {second:2} later  {most}")


@pytest.mark.parametrize("name", MUST)
def test_a_planted_shift_is_told_on_its_first_day(
    worlds: dict[tuple[str, int], World], name: str
) -> None:
    days, names = told(worlds, MUST[name])
    show(name, days, names)
    for size in SIZES:
        if size != "small" or name not in SMALL:
            assert set(days[size]) == {1}, (size, days[size])


@pytest.mark.parametrize("name", MAY)
def test_a_smaller_shift_is_told_no_less_by_more_of_a_log(
    worlds: dict[tuple[str, int], World], name: str
) -> None:
    days, names = told(worlds, MAY[name])
    show(name, days, names)
    first = [sum(day == 1 for day in days[size]) for size in SIZES]
    assert first[0] <= first[2]
