"""What metrics/online.json calls for: pure, of the document and of what is in production."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.release.production import Production
from movierec.evaluation.online.experiment import MISMATCH, NOTHING_YET
from movierec.fields import number
from movierec.times import day_number

WORSE = "worse"
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """What may be done about a verdict, and about which: the section `act` of params.yaml."""

    roll_back: bool
    """A release in production that is worse than the one before it."""
    follow_verdict: bool
    """Move users to the arm that is better."""
    least_share: float = number(above=0, high=0.5)
    """Of users, whom the other arm keeps: the experiment goes on."""
    max_age_days: int = number(low=1)
    """An evaluation whose newest day is older decides nothing."""


@dataclass(frozen=True)
class Step:
    """A rollback that is called for."""

    present: str
    target: str
    because: str


def nothing_at_all(document: Document, max_age_days: int, today: str) -> str:
    """Why an evaluation decides nothing, whatever it says of releases and arms; or nothing."""
    if not document["days"]:
        return "no day is evaluated yet"
    newest = max(document["days"])
    age = day_number(today) - day_number(newest)
    if age < 0:
        return f"its newest day is {newest}, and today is {today}: look at the clock"
    if age > max_age_days:
        return f"its newest day {newest} is {age} days old, act.max_age_days is {max_age_days}"
    experiment = document["experiment"]
    if experiment["mismatch"] < MISMATCH:
        return f"the split of users is off plan (p = {experiment['mismatch']:.2g})"
    if not experiment["aa"]["verdict"].startswith(NOTHING_YET):
        return "the A/A check finds a difference where there is none: no comparison can be trusted"
    return ""


def called_for(document: Document, kind: str, found: Production) -> Step | str:
    """The rollback that an evaluation calls for; else why it calls for none."""
    present, before = found.release, found.before
    if present is None:
        return f"{kind}: nothing is in production"
    judged = {one["release"]: one for one in document["releases"].get(kind, [])}
    if present not in judged:
        worse = [name for name, one in judged.items() if one["verdict"] == WORSE]
        told = f"; worse was {', '.join(worse)}" if worse else ""
        return f"{present}: is in production and not judged{told}"
    one = judged[present]
    if one["verdict"] != WORSE:
        return f"{present}: {one['verdict']}"
    if any(move.instead_of == present for move in found.moves):
        return f"{present}: worse, and somebody put it back after a rollback: a person's to decide"
    if before is None or before != one["before"]:
        return (
            f"{present}: worse than {one['before']}, and a rollback would put"
            f" {before or 'nothing'} there: a person's to decide"
        )
    return Step(present, before, reason(document, one))


def reason(document: Document, one: Document) -> str:
    """Why a release is worse, in a line."""
    models = document["models"]
    new, old = models[one["release"]], models[one["before"]]
    return (
        f"online evaluation until {max(document['days'])} finds it worse: conversion"
        f" {told_of(new)}, before {told_of(old)}; that is {percent(one['lift'])}, surely between"
        f" {percent(one['lift_low'])} and {percent(one['lift_high'])}"
    )


def told_of(model: Document) -> str:
    """How a release did."""
    return (
        f"{model['conversion']:.4f} ({model['low']:.4f} … {model['high']:.4f}) of"
        f" {model['answers']:,} answers to {model['users']:,} users,"
        f" {model['first_day']} … {model['last_day']}"
    )


def percent(share: float) -> str:
    """
    >>> percent(-0.1534)
    '-15.3 %'
    """
    return f"{100 * share:+.1f} %"
