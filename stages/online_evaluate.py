"""Served answers and what users did afterwards → metrics per model, and which arm is better.

    python stages/online_evaluate.py --store data [--days 2026-01-05 …] [--open] --output F

Reads closed days, by default all that both topics have. `--open` also reads rows that no
closed day holds yet, and takes answers whose time is not over. Of the log's events, the day
before each is read as well where it is closed: a movie that somebody was watching already is
none that the answer made them start.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.cli import run
from movierec.errors import BadInput
from movierec.evaluation.online.joining import (
    answers_of,
    complete_until,
    distinct,
    elsewhere,
    requests_of,
    starts_of,
    unattributed,
)
from movierec.evaluation.online.reporting import Online, by_arm, by_model, judge
from movierec.files import write_json
from movierec.params import load_section
from movierec.routing import Routing
from movierec.store.days import closed_days, read_day
from movierec.store.openrows import open_rows
from movierec.times import MINUTE, day_argument, day_name, day_number


def main(arguments: list[str]) -> int:
    """Evaluate and write the report."""
    options = parse(arguments)
    params = load_section(options.params, "online", Online)
    routing = load_section(options.params, "routing", Routing)
    days = chosen_days(options)
    document = evaluate(options, days, params, routing)
    write_json(options.output, document)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="online_evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, required=True, help="the collector's folder")
    days = "closed days; default: all of both topics"
    parser.add_argument("--days", nargs="+", type=day_argument, help=days)
    parser.add_argument("--open", action="store_true", help="rows of no closed day as well")
    parser.add_argument("--event-topic", default="movielog")
    parser.add_argument("--served-topic", default="served")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args(arguments)


def chosen_days(options: argparse.Namespace) -> list[str]:
    """The days to read. Raises BadInput when one is not closed, or none is and none is open."""
    topics = options.event_topic, options.served_topic
    closed = [set(closed_days(options.store, topic)) for topic in topics]
    for topic, whole in zip(topics, closed, strict=True):
        if missing := sorted(set(options.days or []) - whole):
            raise BadInput(
                f"{options.store / topic}: {', '.join(missing)} not closed; "
                f"closed are {', '.join(sorted(whole)) or 'none'}"
            )
    days = sorted(options.days or closed[0] & closed[1])
    if not days and not options.open:
        raise BadInput(
            f"{options.store}: no day is closed in both {' and '.join(topics)}; "
            "wait for the collector, or add --open"
        )
    return days


def evaluate(
    options: argparse.Namespace, days: list[str], params: Online, routing: Routing
) -> dict[str, Any]:
    """The report on the answers of `days`, and of open rows when they are asked for."""
    window = round(params.conversion_minutes * MINUTE)
    answers, logged = read_answers(options, days)
    watches, requests, got = read_events(
        options, days, answers["user"].unique(), params.deadline_ms
    )
    complete = None if options.open else complete_until(answers["time"].to_numpy(), days)
    judged = judge(answers, watches, complete, window)
    return {
        "models": by_model(judged, params.confidence),
        "experiment": by_arm(judged, routing, params.plan, max(1, len(days))),
        "requests": {**requests, "unattributed": unattributed(got, answers)},
        "duplicates": logged - len(answers),
        "elsewhere": elsewhere(answers, routing),
        "days": days,
        "days_before": days_before(options, days),
        "open": options.open,
        "conversion_minutes": params.conversion_minutes,
        "confidence": params.confidence,
        "deadline_ms": params.deadline_ms,
    }


def read_answers(options: argparse.Namespace, days: list[str]) -> tuple[pa.Table, int]:
    """The answers, each once, and how many lines logged them."""
    answers = pa.concat_tables(map(answers_of, tables(options, options.served_topic, days)))
    return distinct(answers), len(answers)


def read_events(
    options: argparse.Namespace, days: list[str], users: pa.Array, deadline_ms: int
) -> tuple[pa.Table, dict[str, int], NDArray[np.uint64]]:
    """The first watches of `users`, a day before the first included, the counts of request lines
    and the keys of the lists that they got; one day in memory at a time."""
    before = days_before(options, days)
    starts = [starts_of(rows_of(options, options.event_topic, day), users) for day in before]
    requests: Counter[str] = Counter()
    got = []
    for rows in tables(options, options.event_topic, days):
        starts.append(starts_of(rows, users))
        counts, keys = requests_of(rows, deadline_ms)
        requests.update(counts)
        got.append(keys)
    return pa.concat_tables(starts), dict(requests), np.concatenate(got)


def days_before(options: argparse.Namespace, days: list[str]) -> list[str]:
    """The closed days that lie right before one of `days`, or before the open rows, and are none
    of them: what was going on when the first answers came."""
    closed = closed_days(options.store, options.event_topic)
    before = {day_name(day_number(day) - 1) for day in days}
    if options.open:
        before |= set(closed[-1:])
    return sorted(before & set(closed) - set(days))


def tables(options: argparse.Namespace, topic: str, days: list[str]) -> Iterator[pa.Table]:
    """The rows of each closed day, then the open ones."""
    for day in days:
        yield rows_of(options, topic, day)
    if options.open:
        yield open_rows(options.store, topic)


def rows_of(options: argparse.Namespace, topic: str, day: str) -> pa.Table:
    """The rows of one closed day."""
    return read_day(options.store / topic / "days" / day)


if __name__ == "__main__":
    run(main)
