"""`make bench-closing`: does the collector go on reading while it closes a day?

    python -m tests.bench.bench_closing [--lines 5000000] [--rate 5000] [--store s3]

A day of so many lines, in some thousand segments, is collected from real Kafka. Then a producer
sends lines at a constant rate, first of that day and after some time of the next one, by which the
day is due. The collector is looked at five times a second. It writes segments each second, and not
every thirty as it does by default, or the lag of waiting for them would hide any other.
"""

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from infra.demo.report import table
from infra.processes import free_port
from movierec.cli import run, whole
from movierec.store.decisions import done_time
from movierec.store.storage import at
from movierec.times import SECOND
from movierec.url import root_of
from tests.bench.bench_ingest import PARTITIONS, lines_on_disk, moment, produce, true_mix
from tests.bench.closing_feed import TOPIC, Feed
from tests.bench.closing_looks import Look, caught_up, look, phases, worst
from tests.brokers.kafka import running
from tests.brokers.s3 import BUCKET, serving, variables
from tests.faults.members import Member

MADE = 250_000
"""Lines, sent over and over."""
FIRST_LINES = 1000
"""They make the topic."""
FILL_RATE = 40_000
PAUSE_SECONDS = 30.0
"""Of looking before lines of the next day come, and after the day has closed."""
START_SECONDS = 5.0
"""A collector that has begun to read takes some turns until it has caught up."""
LONGEST_SECONDS = 900.0
STEP_SECONDS = 0.2


def main(arguments: list[str]) -> int:
    """Measure; prints a table, then JSON."""
    parser = argparse.ArgumentParser(
        prog="bench_closing", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--lines", type=whole, default=5_000_000, help="of the day")
    parser.add_argument("--rate", type=whole, default=5_000, help="lines/s while it closes")
    parser.add_argument("--store", choices=("disk", "s3"), default="disk")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="closing-", ignore_cleanup_errors=True) as name,
        running(Path(name) / "broker") as broker,
        contextlib.ExitStack() as stack,
    ):
        folder, store = Path(name), root_of(f"{name}/store")
        if options.store == "s3":
            server = stack.enter_context(serving(folder / "s3"))
            os.environ.update(variables(server.endpoint))
            store = root_of(f"s3://{BUCKET}/store")
        made = true_mix(MADE)
        settings = {"KAFKA_BOOTSTRAP_SERVERS": broker.address, "COLLECTOR_STORE": str(store)}
        filling = Feed(broker.address, made, FILL_RATE, FIRST_LINES)
        segments = collected(folder / "first.log", settings, filling, options.lines)
        feed = Feed(broker.address, made, options.rate, filling.sent)
        looks, closed = watched(folder / "second.log", settings, feed)
        began, ended = (done_time(at(store), TOPIC, 1) or 0) / SECOND, moment(closed)
    parts = phases(looks, began, ended)
    facts = {"lines": closed["stored"], "segments": segments, "closing_s": ended - began}
    facts["caught_up_s"] = caught_up(parts, ended)
    print(f"{options.store}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    rows = [[phase, *told(worst(part))] for phase, part in parts.items()]
    print(table(["", "unread lines", "not on disk", "lag s", "loop still s"], rows))
    print(json.dumps(facts | {phase: asdict(worst(part)) for phase, part in parts.items()}))
    return 0


def told(seen: Look) -> list[str]:
    """A row of the table."""
    return [
        f"{seen.unread:,}",
        f"{seen.missing:,}",
        f"{seen.lag_seconds:.1f}",
        f"{seen.still:.1f}",
    ]


def collector(log: Path, settings: dict[str, str]) -> Member:
    """Start one, on the disk or S3 that the settings name."""
    return Member(log, [], {"COLLECTOR_TOPICS": TOPIC, **settings})


def collected(log: Path, settings: dict[str, str], filling: Feed, lines: int) -> int:
    """Have at least so many lines collected, and no day closed; the number of segments."""
    produce(settings["KAFKA_BOOTSTRAP_SERVERS"], TOPIC, filling.made, filling.sent, filling.sent)
    more = {"COLLECTOR_SEGMENT_SECONDS": "0.2", "COLLECTOR_METRICS_PORT": "0"}
    member = collector(log, settings | more)
    filling.start()
    wait(member, lambda: filling.sent >= lines)
    filling.end()
    wait(member, lambda: lines_on_disk(log) == filling.sent)
    assert member.stop() == 0, member.tail()
    return len(member.events("segment"))


def wait(member: Member, holds: Callable[[], bool]) -> None:
    """Until something holds, while the collector runs."""
    until = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert member.is_running and time.monotonic() < until, member.tail()
        time.sleep(STEP_SECONDS)


def watched(log: Path, settings: dict[str, str], feed: Feed) -> tuple[list[Look], dict[str, str]]:
    """Look at a collector until some time after it has closed the day; what it said of that."""
    port = free_port()
    more = {"COLLECTOR_SEGMENT_SECONDS": "1", "COLLECTOR_METRICS_PORT": str(port)}
    member = collector(log, settings | more)
    try:
        assert member.wait_for("resumes", 60, PARTITIONS), member.tail()
        feed.start()
        time.sleep(START_SECONDS)
        looks: list[Look] = []
        due, until = time.time() + PAUSE_SECONDS, time.time() + LONGEST_SECONDS
        closed = False
        while (now := time.time()) < until:
            looks.append(look(port, lambda: feed.sent))
            if now >= due:
                feed.is_next_day = True
            if not closed and member.events("day closed"):
                closed, until = True, now + PAUSE_SECONDS
            time.sleep(max(0.0, now + STEP_SECONDS - time.time()))
        assert closed, member.tail()
        return looks, member.events("day closed")[0]
    finally:
        feed.end()
        member.kill()


if __name__ == "__main__":
    run(main)
