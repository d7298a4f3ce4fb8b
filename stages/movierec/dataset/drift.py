"""Does a day look like the days before it? Measures with limits, for each day of a window. Pure.

Drift says what changed and refuses nothing; `quality` is what refuses a window. A measure alarms
where it passes its limit, which is what is tolerated (params.yaml) and what chance adds to that by
the day's size. Of the kinds of lines there is no PSI: a kind of one line in hundreds, such as
ratings, would hardly move it by being gone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from movierec.dataset.daily import LOG, WEEK, Beside, Daily, Seen, scale_bins
from movierec.dataset.expected import Level, Share, change, rise
from movierec.dataset.quality import Measure
from movierec.dataset.scale import Events
from movierec.fields import number

Days = Sequence[Daily]


@dataclass(frozen=True)
class Drift:
    """What a day may differ by from the days before it, beyond what chance makes of it."""

    chance: float = number(above=0, high=0.1)
    max_rating_psi: float = number(low=0)
    max_rating_ks: float = number(low=0, high=1)
    max_minutes_psi: float = number(low=0)
    max_minutes_ks: float = number(low=0, high=1)
    max_activity_ratio: float = number(low=1)
    max_kind_ratio: float = number(low=1)
    max_new_users_rise: float = number(low=0, high=1)
    max_new_movies_rise: float = number(low=0, high=1)
    max_fault_rise: float = number(low=0, high=1)


def measures(days: Days, limits: Drift) -> list[Measure]:
    """Every measure of the last of `days`, a window's from its first one on, against those before
    it, always the same ones; the value is None where there is nothing to compare."""
    today, before = days[-1], days[:-1]
    ratings = limits.max_rating_psi, limits.max_rating_ks
    minutes = limits.max_minutes_psi, limits.max_minutes_ks
    return [
        *_distances("rating", today.ratings, ratings, limits),
        *_distances("minutes", today.minutes, minutes, limits),
        *_activity(today, before, limits),
        *_kinds(today, before, limits),
        _new("new_users", days, lambda day: day.users, limits.max_new_users_rise, limits),
        _new("new_movies", days, lambda day: day.movies, limits.max_new_movies_rise, limits),
        *_faults(today, before, limits),
    ]


def _distances(
    name: str, beside: Beside, tolerated: tuple[float, float], limits: Drift
) -> Iterator[Measure]:
    """PSI and KS statistic of a distribution, between a day and days before it."""
    note = f"{len(beside):,} beside {beside.old:,} of {beside.days} days before"
    apart = beside.apart
    values = (apart.psi, apart.ks) if apart else (None, None)
    bounds = apart.limits(*tolerated, limits.chance) if apart else tolerated
    for way, value, bound in zip(("psi", "ks"), values, bounds, strict=True):
        yield Measure(f"{name}_{way}", value, bound, False, note)


def _activity(today: Daily, before: Days, limits: Drift) -> Iterator[Measure]:
    """Lines, users, and lines a user."""
    users = len(today.minutes)
    for name, point, note in (
        ("lines_ratio", _lines, f"{today.lines:,} lines"),
        ("users_ratio", _users, f"{users:,} users"),
        ("lines_per_user_ratio", _lines_per_user, f"{today.lines:,} lines of {users:,} users"),
    ):
        yield _change(name, point, today, before, limits.max_activity_ratio, limits, note)


def _lines(day: Daily) -> Level:
    # A sum over users: of each as many as his lines, and their mean square is over their mean.
    users = max(len(day.minutes), 1)
    of_unit = day.lines / users * (1 + users * day.variation)
    return Level.of_count(day.weekday, day.lines, of_unit=max(of_unit, 1.0))


def _users(day: Daily) -> Level:
    return Level.of_count(day.weekday, len(day.minutes))


def _lines_per_user(day: Daily) -> Level | None:
    if not day.lines or not len(day.minutes):
        return None
    return Level(day.weekday, log(day.lines / len(day.minutes)), day.variation, False)


def _kinds(today: Daily, before: Days, limits: Drift) -> Iterator[Measure]:
    """Of each kind, how its share of the lines changed."""
    for label in (kind.label for kind in LOG):

        def point(day: Daily, label: str = label) -> Level | None:
            if not day.lines:
                return None
            return Level.of_count(day.weekday, day.counts[label], day.lines)

        note = f"{today.counts[label]:,} of {today.lines:,} lines"
        tolerated = limits.max_kind_ratio
        yield _change(f"{label}_share_ratio", point, today, before, tolerated, limits, note)


def _change(
    name: str,
    point: Callable[[Daily], Level | None],
    today: Daily,
    before: Days,
    tolerated: float,
    limits: Drift,
    note: str,
) -> Measure:
    own = point(today)
    others = [other for day in before if (other := point(day)) is not None]
    if own is None or not others:
        return Measure(name, None, tolerated, False, note)
    value, bound = change(own, others, tolerated, limits.chance)
    return Measure(name, value, bound, False, note)


def lookback(days: Days) -> int:
    """How many days before the last one tell what is new in it: a week, or so many that half of
    the window's days have as many before them, and can be compared with."""
    return min(WEEK, len(days) // 2)


def _new(
    name: str, days: Days, seen: Callable[[Daily], Seen], tolerated: float, limits: Drift
) -> Measure:
    """The share of a day that was not there in the days before."""
    back = lookback(days)

    def share(day: Daily) -> Share | None:
        new = seen(day).new_share(back)
        return None if new is None else Share(day.weekday, new, seen(day).units)

    note = f"not seen in {back} days before"
    return _rise(name, share, days[-1], days[back:-1], tolerated, limits, note)


def _faults(today: Daily, before: Days, limits: Drift) -> Iterator[Measure]:
    """Shares of lines with a fault."""
    for name, (bad, whole) in today.faults.items():

        def share(day: Daily, name: str = name) -> Share | None:
            bad, whole = day.faults[name]
            return Share(day.weekday, bad / whole, whole) if whole else None

        note = f"{bad:,} of {whole:,} lines"
        yield _rise(name, share, today, before, limits.max_fault_rise, limits, note)


def _rise(
    name: str,
    share: Callable[[Daily], Share | None],
    today: Daily,
    before: Days,
    tolerated: float,
    limits: Drift,
    note: str,
) -> Measure:
    own = share(today)
    others = [other for day in before if (other := share(day)) is not None]
    if own is None or not others:
        return Measure(name, None, tolerated, False, note)
    return Measure(name, own.value, rise(own, others, tolerated, limits.chance), False, note)


def report(days: Days, events: Events, limits: Drift) -> dict[str, Any]:
    """What reports/drift.json says: the newest day's measures, and of each day its numbers, so that
    they can be drawn."""
    found = {day.name: measures(days[: k + 1], limits) for k, day in enumerate(days)}
    newest = found[days[-1].name]
    return {
        "day": days[-1].name,
        "passed": all(measure.passed for measure in newest),
        "measures": {
            m.name: {"value": m.value, "limit": m.limit, "passed": m.passed, "note": m.note}
            for m in newest
        },
        "days": {day.name: _numbers(day, events, found[day.name]) for day in days},
    }


def _numbers(day: Daily, events: Events, found: list[Measure]) -> dict[str, Any]:
    bins = zip(scale_bins(events), day.ratings.counts.tolist(), strict=True)
    return {
        "failed": [measure.name for measure in found if not measure.passed],
        "users": len(day.minutes),
        "movies": day.movies.ids,
        "lines": {kind.label: day.counts[kind.label] for kind in LOG},
        "minutes_mean": day.minutes.mean,
        "rating_mean": day.ratings.mean,
        "ratings": {name: count for name, count in bins if count},
        "values": {measure.name: measure.value for measure in found},
        "limits": {measure.name: measure.limit for measure in found},
    }
