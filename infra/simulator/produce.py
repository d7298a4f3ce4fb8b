"""Produces simulated days of the event log into a Kafka topic: the same log for the same seed.

    python -m infra.simulator.produce --bootstrap A --topic movielog --seed 7 \\
        --first-day 2026-11-01 --days 3

A user's lines go to one partition, in order. Each record's timestamp is its line's time. A
short tail of the next day follows, past the collector's grace, so that all days close. The
last line on stdout is a JSON object of counts.
"""

import argparse
import json
from collections import Counter
from datetime import date

import numpy as np

from infra.simulator.corruption import corrupt
from infra.simulator.exact import mix, stream
from infra.simulator.log import ACCOUNT, RATING, REQUEST, WATCH, Rows
from infra.simulator.sender import Sender
from infra.simulator.sessions import DAY_SECONDS, Life
from infra.simulator.world import add_options, make_world
from movierec.cli import run
from movierec.errors import BadInput
from movierec.events import SECOND

TAIL_SECONDS = 1800
"""How far the log goes on after the last day: more than the collector's grace."""
NS_PER_MS = 1_000_000
EPOCH = date(1970, 1, 1).toordinal()
NAMES = {WATCH: "watches", RATING: "ratings", REQUEST: "requests", ACCOUNT: "accounts"}


def main(arguments: list[str]) -> int:
    """Produce the days; prints the counts."""
    options = parse(arguments)
    first = options.first_day.toordinal() - EPOCH
    life = Life(make_world(options.seed, options.users, options.movies), options.lines_per_day)
    until = ((first + options.days) * DAY_SECONDS + TAIL_SECONDS) * SECOND
    counts: Counter[str] = Counter()
    with Sender(options.bootstrap, options.topic) as sender:
        for day, rows in enumerate(life.days(first, options.days, until)):
            counts += send(sender, life, rows, options.seed, day)
    names = ("lines", "corrupted", *NAMES.values())
    print(json.dumps({name: counts[name] for name in names}))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options. The defaults make a day of the demo."""
    parser = argparse.ArgumentParser(prog="produce", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--bootstrap", required=True, help="host:port of a broker")
    parser.add_argument("--topic", default="movielog")
    parser.add_argument("--first-day", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--lines-per-day", type=int, default=600_000)
    add_options(parser)
    options = parser.parse_args(arguments)
    for name in ("days", "lines_per_day", "users", "movies"):
        if getattr(options, name) < 1:
            raise BadInput(f"--{name.replace('_', '-')} must be at least 1")
    return options


def send(sender: Sender, life: Life, rows: Rows, seed: int, day: int) -> Counter[str]:
    """Corrupt some of a day's lines and send them all; what was sent."""
    lines = life.writer.lines(rows)
    corrupted = corrupt(stream(seed, 2, day), lines)
    partitions = (mix(rows["user"]) % np.uint64(sender.partitions)).tolist()
    for line, partition, time in zip(lines, partitions, rows["time"].tolist(), strict=True):
        sender.send(line, partition, time // NS_PER_MS)
    kinds = {name: int((rows["kind"] == kind).sum()) for kind, name in NAMES.items()}
    return Counter({"lines": len(lines), "corrupted": int(corrupted.sum()), **kinds})


if __name__ == "__main__":
    run(main)
