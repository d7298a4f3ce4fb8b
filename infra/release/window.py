"""Names the closed days that the next training uses, and those whose answers are judged: writes
`data/window.yaml` and `data/online/window.yaml`.

    python -m infra.release window --days 2026-11-01 2026-11-02   # these days
    python -m infra.release window --last 14                      # the newest closed days

Aggregates of days that left the window are removed from `data/aggregates`: that folder is a
dependency as a whole. They stay in DVC's cache and on its remote. So it is with what was counted of
answers, in `data/online/days`.

Answers are judged of the newest `online.days` days (params.yaml) that both topics have closed, and
of older ones that no `metrics/online/<day>.json` is there of. A day whose day before has expired is
none of them: it was judged before that went.

Exit status: 0 written; 2 a day is not closed, or something else is to be mended, as the line says.
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from infra.release.options import manual
from movierec.cli import run, whole
from movierec.dataset.onlinefile import TOPICS, OnlineDay, write_online
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.errors import BadInput
from movierec.evaluation.online.outcomes import Online
from movierec.params import load_section
from movierec.store.days import closed_days
from movierec.store.expired import is_expired
from movierec.store.storage import at
from movierec.times import day_argument, day_name, day_number


def main(arguments: list[str]) -> int:
    """Write the window; prints its days."""
    options = parse(arguments)
    closed = closed_days(options.store, options.topic)
    days = sorted(set(options.days)) if options.days else closed[-options.last :]
    if not days:
        raise BadInput(f"{options.store}/{options.topic} has no closed day yet: let one pass")
    for day in days:
        known = options.store / "aggregates" / day
        if day not in closed and not known.is_dir():
            raise BadInput(f"{day} is no closed day of {options.store}/{options.topic}")
    count = load_section(options.params, "online", Online).days
    judged = judged_days(options.store, count, options.reports)
    write_window(options.store / "window.yaml", WindowFile(days, options.written))
    forget_others(options.store / "aggregates", days)
    print(f"window: {', '.join(days)}")
    write_online(options.store / "online/window.yaml", judged)
    forget_others(options.store / "online/days", [item.day for item in judged])
    named = ", ".join(item.day for item in judged)
    print(f"online: {named or 'no day that both topics have closed'}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("window", __doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--days", nargs="+", type=day_argument, help="YYYY-MM-DD …")
    newest = "as many of the newest closed days"
    which.add_argument("--last", type=whole, metavar="N", help=newest)
    collected = "the collector's (data)"
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", default=Path("data"), help=collected
    )
    parser.add_argument("--topic", default="movielog", help="whose days (movielog)")
    parser.add_argument(
        "--written",
        type=day_argument,
        metavar="DAY",
        default=f"{datetime.now(UTC):%Y-%m-%d}",
        help="the date to write down (today)",
    )
    params = "where `online.days` is (params.yaml)"
    parser.add_argument(
        "--params", type=Path, metavar="PATH", default=Path("params.yaml"), help=params
    )
    reports = "online evaluations (metrics/online)"
    parser.add_argument(
        "--reports", type=Path, metavar="PATH", default=Path("metrics/online"), help=reports
    )
    options = parser.parse_args(arguments)
    if options.last is not None and options.last < 1:
        raise BadInput("--last must be at least 1")
    return options


def judged_days(store: Path, count: int, reports: Path) -> list[OnlineDay]:
    """The newest `count` days whose answers can be judged, and older ones that never were, each
    with what is closed before it."""
    closed = {topic: set(closed_days(store, topic)) for topic in TOPICS}
    found: list[OnlineDay] = []
    for day in sorted(set.intersection(*closed.values()), reverse=True):
        eve = day_name(day_number(day) - 1)
        before = {topic: eve if eve in closed[topic] else day for topic in TOPICS}
        wanted = len(found) < count or not (reports / f"{day}.json").exists()
        if wanted and not _has_lost(store, eve, before):
            found.append(OnlineDay(day, before))
    return found[::-1]


def _has_lost(store: Path, eve: str, before: dict[str, str]) -> bool:
    """Whether the day before has expired in a topic."""
    return any(before[topic] != eve and is_expired(at(store), topic, eve) for topic in TOPICS)


def forget_others(place: Path, days: list[str]) -> None:
    """Remove what was made of days outside the window."""
    for folder in sorted(place.iterdir()) if place.is_dir() else []:
        if folder.is_dir() and folder.name not in days:
            shutil.rmtree(folder)


if __name__ == "__main__":
    run(main)
