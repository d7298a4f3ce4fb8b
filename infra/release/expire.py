"""Deletes raw closed days that are past their retention and no longer needed.

    python -m infra.release expire                       # says what it would delete
    python -m infra.release expire --apply               # deletes it
    python -m infra.release expire --days 2026-01-05 --apply

A day may go when it is older than `expire.keep_days`; its online evaluation
(`metrics/online/<day>.json`), and that of the day after, which reads it, are committed in HEAD, and
pushed where the repository has a remote; and no window uses it, neither `data/window.yaml` nor
`data/online/window.yaml`, nor those in HEAD. A day that one of both topics has no line of can never
be judged, and waits for no evaluation: while the site is not live no answers are logged. Where the
topic stopped before that day its collector may only be behind: then the day waits twice
`expire.keep_days`. Days named by --days are refused with the reason; without --days those that must
stay are listed with it.

A day is written down first, in `<store>/expired/<topic>/<day>.json` (store/expired.py), then its
manifest goes, then its other files: whenever this dies, readers find the whole day or none, and
the next --apply finishes.

Exit status: 0 said, or deleted; 2 a day of --days must stay, or something is to be mended, as the
line says.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from infra.release.needed import Needs
from infra.release.options import manual, shared
from movierec.cli import run
from movierec.dataset.onlinefile import TOPICS
from movierec.errors import BadInput
from movierec.fields import number
from movierec.params import load_section
from movierec.store.days import (
    MANIFEST,
    closed_days,
    day_folder,
    day_name_of,
    file_entry,
    manifest_of,
)
from movierec.store.expired import expired_days, put_expired
from movierec.store.leftovers import sweep
from movierec.store.storage import at
from movierec.times import day_argument, day_name, day_number


@dataclass(frozen=True)
class Expire:
    """How long raw closed days stay on disk."""

    keep_days: int = number(low=1)


def main(arguments: list[str]) -> int:
    """Print what goes and what stays; with --apply, delete."""
    options = parse(arguments)
    keep_days = load_section(options.params, "expire", Expire).keep_days
    days = sorted({day for topic in options.topics for day in closed_days(options.store, topic)})
    if unknown := sorted(set(options.days or []) - set(days)):
        raise BadInput(f"{options.store}: {', '.join(unknown)} not closed or already expired")
    awaited = day_name(day_number(options.today) - 2 * keep_days)
    needs = Needs(options.store, options.window, options.online, options.reports, awaited)
    going = []
    for day in options.days or [day for day in days if age(day, options.today) > keep_days]:
        reason = why_it_stays(day, options, keep_days, needs)
        if reason is None:
            going.append(day)
        elif options.days:
            raise BadInput(f"{day} stays: {reason}")
        else:
            print(f"stays    {day}: {reason}")
    entries = [e for day in going for e in describe(day, options)]
    verb = "deletes" if options.apply else "would delete"
    for entry in entries:
        print(f"{verb}  {entry['topic']}/{entry['day']}  {entry['bytes']:,} bytes")
    if not entries:
        print("nothing to delete")
    if options.apply:
        apply(entries, options)
    elif entries:
        print("dry run: add --apply to delete", file=sys.stderr)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("expire", __doc__)
    parser.add_argument("--apply", action="store_true", help="delete; else only say so")
    days = "these (all that are due)"
    parser.add_argument("--days", nargs="+", type=day_argument, metavar="DAY", help=days)
    path = partial(parser.add_argument, type=Path, metavar="PATH")
    shared(parser, "store")
    params = Path("params.yaml")
    path("--params", default=params, help="where `expire.keep_days` is (params.yaml)")
    window = Path("data/window.yaml")
    path("--window", default=window, help="days of the training (data/window.yaml)")
    online = Path("data/online/window.yaml")
    path("--online", default=online, help="days that are judged (data/online/window.yaml)")
    reports = Path("metrics/online")
    path("--reports", default=reports, help="online evaluations (metrics/online)")
    topics = f"whose days ({' '.join(TOPICS)})"
    parser.add_argument("--topics", nargs="+", metavar="TOPIC", default=TOPICS, help=topics)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    parser.add_argument("--today", type=day_argument, metavar="DAY", default=today, help="(today)")
    return parser.parse_args(arguments)


def age(day: str, today: str) -> int:
    """Days since `day`."""
    return day_number(today) - day_number(day)


def why_it_stays(day: str, options: argparse.Namespace, keep_days: int, needs: Needs) -> str | None:
    """What forbids to delete a day, or None."""
    if (old := age(day, options.today)) <= keep_days:
        return f"it is {old} days old, expire.keep_days is {keep_days}"
    return needs.reason(day)


def describe(day: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One entry of the report for each topic that has the day."""
    for topic in options.topics:
        if day in closed_days(options.store, topic):
            yield entry_of(topic, day, options)


def entry_of(topic: str, day: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the report says of a day. Raises CorruptFile when its manifest is not readable."""
    storage, folder = at(options.store), day_name_of(topic, day)
    manifest = manifest_of(day_folder(options.store, topic, day))
    totals = manifest["totals"]
    try:
        files = {name: file_entry(storage, f"{folder}/{name}") for name in storage.names(folder)}
    except OSError as error:  # somebody restores it, or expires it too
        raise BadInput(
            f"{folder}: {error}; when nobody is at work on that folder, start again"
        ) from None
    return {
        "topic": topic,
        "day": day,
        "bytes": sum(entry["bytes"] for entry in files.values()),
        "lines": totals["stored"] + totals["rejected"],
        "manifest_sha256": files[MANIFEST]["sha256"],
        "expired": options.today,
        # Which lines of the log a model was made of is asked for long after the day has gone.
        "partitions": manifest["partitions"],
        "gaps": manifest["gaps"],
    }


def apply(entries: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Write down what goes and take the manifests away; then the files, also of earlier runs.

    Raises CorruptFile before anything goes, when something that was written down does not verify.
    """
    storage = at(options.store)
    sweep(storage, options.topics)
    for topic in options.topics:
        expired_days(storage, topic)
    for entry in entries:
        put_expired(storage, entry)
    days = (day_name_of(entry["topic"], entry["day"]) for entry in entries)
    storage.remove(*(f"{day}/{MANIFEST}" for day in days))
    for topic in options.topics:
        for day in expired_days(storage, topic):
            folder = day_name_of(topic, day)
            names = storage.names(folder)
            if MANIFEST not in names:  # else somebody put the day back
                storage.remove(*(f"{folder}/{name}" for name in [*names, MANIFEST]))


if __name__ == "__main__":
    run(main)
