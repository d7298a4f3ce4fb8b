"""metrics/online.json → samples: each release on its arm, and an arm's newest against the last."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.prometheus.samples import Sample, number, optional, section
from movierec.errors import BadInput
from movierec.times import DAY_SECONDS, day_number

SIMPLE = {
    "conversion": "conversion",
    "conversion_low": "low",
    "conversion_high": "high",
    "coverage": "coverage",
    "gini": "gini",
    "popularity_lift": "lift",
    "fallback_share": "fallback",
    "repeated_share": "repeated",
}
"""movierec_online_<name> → its key."""
NESTED = {"minutes": ("minutes", "mean"), "rmse": ("rmse", "value")}
FEEDBACK = {"coverage": 0, "gini": 0, "lift": 1}
"""Measure → what makes a share of it: a lift of 0 is as popular as anything."""


def online(document: Mapping[str, Any], where: str) -> Iterator[Sample]:
    """All samples of the report. Raises BadInput, naming what is wrong with it."""
    models = section(document, "models", where)
    for release in models:
        told = section(models, release, where)
        if told.get("arm") is not None:  # else no answer's time is over yet
            yield from _release(release, told, f"{where}: {release}")
    yield from _newest(section(document, "releases", where), models, where)
    p = optional(section(document, "experiment", where), "mismatch", where)
    if p is not None:
        yield Sample("movierec_online_split_p", p)
    days = document.get("days")
    if not isinstance(days, list) or not all(isinstance(day, str) for day in days):
        raise BadInput(f"{where}: days is {days!r}, expected a list of days")
    if days:
        yield Sample("movierec_online_last_day_timestamp_seconds", _end_of(max(days), where))


def _release(release: str, told: Mapping[str, Any], where: str) -> Iterator[Sample]:
    labels = release, _name(told, "arm", where)
    values = {name: optional(told, key, where) for name, key in SIMPLE.items()}
    for name, (outer, inner) in NESTED.items():
        values[name] = optional(section(told, outer, where), inner, where)
    for name, value in values.items():
        if value is not None:
            yield Sample(f"movierec_online_{name}", value, labels)


def _newest(releases: Mapping[str, Any], models: Mapping[str, Any], where: str) -> Iterator[Sample]:
    """The last of each arm's comparisons."""
    for arm, comparisons in releases.items():
        if comparisons == []:
            continue
        if not isinstance(comparisons, list) or not isinstance(comparisons[-1], Mapping):
            raise BadInput(f"{where}: releases of {arm} are {comparisons!r}, expected mappings")
        last = comparisons[-1]
        release, before = _name(last, "release", where), _name(last, "before", where)
        yield Sample(
            "movierec_online_release_worse", last.get("verdict") == "worse", (release, arm)
        )
        new, old = (section(models, one, where) for one in (release, before))
        if number(new, "answers", where) < number(old, "answers", where) / 2:
            continue  # the fewer lists, the fewer movies in them
        for measure, zero in FEEDBACK.items():
            now, then = optional(new, measure, where), optional(old, measure, where)
            if now is not None and then is not None and then + zero > 0:
                ratio = (now + zero) / (then + zero)
                yield Sample("movierec_online_feedback_ratio", ratio, (release, arm, measure))


def _name(told: Mapping[str, Any], key: str, where: str) -> str:
    name = told.get(key)
    if not isinstance(name, str):
        raise BadInput(f"{where}: {key} is {name!r}, expected a name")
    return name


def _end_of(day: str, where: str) -> int:
    """Seconds since 1970 at which a day ends."""
    try:
        return (day_number(day) + 1) * DAY_SECONDS
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from None
