"""Replays a saved log: every line as it is, malformed ones too, in its order and with its times.

    python -m infra.simulator.capture --bootstrap A --topic replay --log capture.log.gz
    python -m infra.simulator.capture --log capture.log --check

It says first what it recognised; with `--check` that is all. A capture does not say when its
lines reached Kafka. Each record's timestamp is the median of the times of the lines around it:
so a line whose clock was ahead is refused now as it was then. All lines go to one partition, which
keeps their order. Days close as the lines pass. A tail of lines past the collector's grace lets the
last one close, if the capture reaches its last hour, has no other day, or with `--all-days`. The
last line on stdout is a JSON object of counts.
"""

import argparse
import json
import time
from pathlib import Path

from infra.simulator.captured import Found, described, look, parts
from infra.simulator.sender import Sender, add_kafka_options, kafka_of
from infra.simulator.topics import create_topic
from movierec.cli import run
from movierec.errors import BadInput
from movierec.lines.events import Account, format_event
from movierec.lines.kinds import RATING
from movierec.times import DAY, MILLISECOND, NO_SECONDS, Day, Milliseconds, day_name
from serve.settings import CollectorSettings

TAIL: Milliseconds = 1_800_000
"""How far past the last day the log goes on: more than the collector's grace."""
WHOLE: Milliseconds = 3_600_000
"""A day is whole when the capture reaches its last hour."""
TAIL_LINES = 100
"""More than the lines by which a collector believes that a day is over."""


def main(arguments: list[str]) -> int:
    """Send the capture; prints what it is, and the counts."""
    options = parse(arguments)
    now = time.time_ns() // MILLISECOND
    found = look(options.log, now)
    print("\n".join(described(found)), flush=True)
    days = closing(found, now, options.all_days)
    print(f"days that close: {', '.join(map(day_name, days))}", flush=True)
    if options.check:
        return 0
    kafka = kafka_of(options)
    if options.create_topic:
        create_topic(kafka, options.topic, 1)
    with Sender(kafka, options.topic) as sender:
        lines = send(sender, found, now, days[-1])
    ratings = found.kinds[RATING.label]
    print(json.dumps({"lines": lines, "ratings": ratings, "rejected": found.reasons.total()}))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="capture", description=(__doc__ or "").split("\n")[0])
    add_kafka_options(parser)
    parser.add_argument("--log", type=Path, required=True, help="saved lines, packed or not")
    parser.add_argument("--check", action="store_true", help="say what it is, send nothing")
    parser.add_argument(
        "--all-days", action="store_true", help="close a last day, too, that the capture breaks off"
    )
    parser.add_argument("--create-topic", action="store_true", help="create it, of one partition")
    return parser.parse_args(arguments)


def closing(found: Found, now: Milliseconds, all_days: bool) -> list[Day]:
    """The days that will close: all that are over, but for a last one that the capture breaks off,
    unless it is the only one or `all_days` are wanted.

    Raises BadInput when there is none.
    """
    if not found.kinds:
        crlf = ": its lines end in CR LF, write them with LF" if found.first[-1:] == b"\r" else ""
        raise BadInput(f"{found.path}: none of its {found.lines:,} lines is of the log{crlf}")
    if not found.believed():
        least = CollectorSettings.evidence_lines
        raise BadInput(f"{found.path}: no day has {least} lines: too few to be believed")
    days = [day for day in found.believed() if passed(day) <= now]
    if not days:
        after = day_name(found.believed()[0] + 1)
        raise BadInput(f"{found.path}: its day is not over: it can close from {after}T00:30 UTC on")
    whole = found.end >= passed(days[-1]) - TAIL - WHOLE
    return days if whole or all_days or len(days) == 1 else days[:-1]


def send(sender: Sender, found: Found, now: Milliseconds, last: Day) -> int:
    """Send all lines, and a tail past the day `last` where they do not reach so far; how many lines
    that were."""
    for part in parts(found.path, now):
        for line, timestamp in zip(part.lines, part.timestamps.tolist(), strict=True):
            sender.send(line, 0, timestamp)
    end = passed(last)
    if found.end >= end:
        return found.lines
    for _ in range(TAIL_LINES):
        sender.send(format_event(Account(end * MILLISECOND, NO_SECONDS, 0)), 0, end)
    return found.lines + TAIL_LINES


def passed(day: Day) -> Milliseconds:
    """When a day is over for a collector, and more."""
    return (day + 1) * (DAY // MILLISECOND) + TAIL


if __name__ == "__main__":
    run(main)
