"""Produces simulated days of the event log into a Kafka topic: the same log for the same seed.

    python -m infra.simulator.produce --bootstrap A --topic movielog --seed 7 \\
        --first-day 2026-11-01 --days 3

A user's lines go to one partition, in order. Each record's timestamp is its line's time. A
short tail of the next day follows, past the collector's grace, so that all days close. The
last line on stdout is a JSON object of counts.

With --served-topic what two arms served goes there: of each list that a user got its line, but for
a few that are lost. `arms` says of each how many lists it gave, and of how many the user watched a
movie next: an evaluation finds these, and what else they began soon after.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from infra.simulator.answers import Site
from infra.simulator.corruption import corrupt
from infra.simulator.exact import Ints, partition_of, stream
from infra.simulator.log import Rows, make_rows
from infra.simulator.sender import Sender, add_kafka_options, kafka_of
from infra.simulator.served import Served, closing_answers, lists_of, served_of
from infra.simulator.sessions import Life
from infra.simulator.span import first_day, refuse_beyond
from infra.simulator.world import MAX_USER_ID, add_options, make_world
from movierec.cli import run, whole
from movierec.errors import BadInput
from movierec.lines.kinds import ACCOUNT, RATING, REQUEST, WATCH
from movierec.params import load_section
from movierec.routing import Routing
from movierec.times import DAY_SECONDS, SECOND

TAIL_SECONDS = 1800
"""How far the log goes on after the last day: more than the collector's grace."""
NS_PER_MS = 1_000_000
NAMES = {WATCH: "watches", RATING: "ratings", REQUEST: "requests", ACCOUNT: "accounts"}
CANDIDATES = 64
"""Newcomers' ids looked through for each partition; none is missed but once in 10²⁷ partitions."""


class Part(NamedTuple):
    """Some lines of the log, in the order in which they are sent."""

    lines: list[bytes]
    partitions: Ints
    timestamps: Ints
    """Milliseconds since 1970."""
    counts: Counter[str]
    """Of lines: all, corrupted, and of each kind before corruption; `lists` and `led` of each arm:
    how many it gave, and of how many the user watched a movie next."""
    served: Served


def main(arguments: list[str]) -> int:
    """Produce the days; prints the counts."""
    options = parse(arguments)
    kafka = kafka_of(options)
    routing = load_section(options.params, "routing", Routing)
    world = make_world(options.seed, options.users, options.movies)
    life = Life(world, options.lines_per_day, routing)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        sender = stack.enter_context(Sender(kafka, options.topic))
        served = None
        if options.served_topic:
            served = stack.enter_context(Sender(kafka, options.served_topic))
        for part in log(life, options.first_day, options.days, sender.partitions):
            rows = zip(part.lines, part.partitions.tolist(), part.timestamps.tolist(), strict=True)
            for line, partition, timestamp in rows:
                sender.send(line, partition, timestamp)
            counts += part.counts
            if served:
                part.served.send(served)
                counts["served"] += len(part.served.lines)
    names = ("lines", "corrupted", *NAMES.values())
    arms = {
        name: {"lists": counts[f"lists {name}"], "led": counts[f"led {name}"]}
        for name in routing.weights
    }
    told = {name: counts[name] for name in names}
    print(json.dumps({**told, "served": counts["served"], "arms": arms}))
    return 0


def log(life: Life, first: int, days: int, partitions: int) -> Iterator[Part]:
    """The log of `days` days from epoch day `first`, with its tail, a day at a time."""
    until = ((first + days) * DAY_SECONDS + TAIL_SECONDS) * SECOND
    for day, rows in enumerate(life.days(first, days, until)):
        lines = life.writer.lines(rows)
        corrupted = corrupt(stream(life.world.seed, 2, day), lines)
        yield _part(rows, lines, partitions, int(corrupted.sum()), life.site)
    rows = closing(until, partitions)
    last = _part(rows, life.writer.lines(rows), partitions, 0, life.site)
    yield last._replace(served=closing_answers(life.site, until))


def closing(until: int, partitions: int) -> Rows:
    """A newcomer's line at `until` in every partition, so that none holds a day open."""
    ids = MAX_USER_ID + 1 + np.arange(partitions * CANDIDATES)
    chosen = ids[np.unique(partition_of(ids, partitions), return_index=True)[1]]
    zeros = np.zeros(partitions, np.int64)
    return make_rows(stream(0), ACCOUNT, zeros + until, chosen, zeros, zeros)


def _part(rows: Rows, lines: list[bytes], partitions: int, corrupted: int, site: Site) -> Part:
    kinds = {name: int((rows["kind"] == kind).sum()) for kind, name in NAMES.items()}
    return Part(
        lines,
        partition_of(rows["user"], partitions),
        rows["time"] // NS_PER_MS,
        Counter({"lines": len(lines), "corrupted": corrupted, **kinds}) + lists_of(site, rows),
        served_of(site, rows),
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options. The defaults make a day of the demo."""
    parser = argparse.ArgumentParser(prog="produce", description=(__doc__ or "").split("\n")[0])
    add_kafka_options(parser)
    parser.add_argument("--first-day", type=first_day, required=True, help="YYYY-MM-DD")
    parser.add_argument("--days", type=whole, default=1)
    parser.add_argument("--lines-per-day", type=whole, default=600_000)
    parser.add_argument("--served-topic", help="where what was served goes (nowhere)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    add_options(parser)
    options = parser.parse_args(arguments)
    for name in ("days", "lines_per_day", "users", "movies"):
        if getattr(options, name) < 1:
            raise BadInput(f"--{name.replace('_', '-')} must be at least 1")
    refuse_beyond(options.first_day, options.days)
    return options


if __name__ == "__main__":
    run(main)
