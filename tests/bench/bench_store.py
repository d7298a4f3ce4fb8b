"""`make bench-store`: what a flush, a check for due days and a start cost beside many segments.

    python -m tests.bench.bench_store [SEGMENTS …]     # default: 10 1000 10000
    python -m tests.bench.bench_store --store s3       # requests to S3 (store_requests)

A flush parses nothing: it is one write of two lines at the tail of one partition; the check that
follows it finds no day that is due. Both are taken with all segments in one partition, and spread
over 64. That they do not grow is a test (test_bench_store.py), by calls of the storage. A start is
a process of its own that claims 64 partitions and looks once for days that are due: with 30 closed
days and a base, and with so many segments that no day holds yet.
"""

import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from infra.demo.report import table
from movierec.cli import peak_rss_mb, run
from movierec.lines.rows import ROWS
from movierec.store.closing import Closer
from movierec.store.segments import facts_of, partition_at, write_segment
from movierec.store.tail import Tail, claim_partition
from movierec.times import DAY, day_number
from tests.bench import store_requests
from tests.bench.measured_lines import lines

TOPIC = "movielog"
PARTITIONS = 64
COUNTS = (10, 1_000, 10_000)
FLUSHES = 100
DAYS = 30
GRACE = 900
NOW = day_number("2026-04-01") * DAY


def main(arguments: list[str]) -> int:
    """Measure and print a table, then JSON."""
    if arguments == ["--store", "s3"]:
        return store_requests.main()
    if arguments and not arguments[0].isdecimal():
        return start(Path(arguments[0]))
    counts = [int(count) for count in arguments] or COUNTS
    results: dict[str, Any] = {"ms": {}, "start": {}}
    with tempfile.TemporaryDirectory() as folder:
        for count, partitions in itertools.product(counts, (1, PARTITIONS)):
            root = Path(folder) / f"{count}-{partitions}"
            fill(root, partitions, max(1, count // partitions))
            results["ms"][f"{count:,} in {partitions}"] = flush_and_check_ms(root, partitions)
            shutil.rmtree(root)
        root = Path(folder) / "closed"
        with mock.patch.object(os, "fsync"):
            close_days(root)
        results["start"][f"{DAYS} closed days"] = started(root)
        for count in counts[1:]:
            root = Path(folder) / f"open-{count}"
            fill(root, PARTITIONS, count // PARTITIONS)
            results["start"][f"{count:,} open segments"] = started(root)
            shutil.rmtree(root)
    rows = [[name, *(f"{ms:.1f}" for ms in pair)] for name, pair in results["ms"].items()]
    print(table(["segments in partitions", "flush ms (median)", "check ms (median)"], rows))
    rows = [[name, *map(str, measured.values())] for name, measured in results["start"].items()]
    print(
        table(["start with", "claim s", "its CPU s", "first check s", "next check s", "MB"], rows)
    )
    print(json.dumps(results))
    return 0


def fill(root: Path, partitions: int, count: int) -> None:
    """Segments of one day as files, without fsync: making them is not what is measured."""
    rows = lines("2026-03-01", 0)
    for number in range(partitions):
        partition = partition_at(root, TOPIC, number)
        (root / partition.folder).mkdir(parents=True)
        facts = facts_of(partition, 0, 2, rows, gap=False)
        for start in range(0, 2 * count, 2):
            with (root / partition.name(start)).open("xb") as file:
                write_segment(file, {**facts, "start": start, "end": start + 2}, rows)


def flush_and_check_ms(root: Path, partitions: int) -> tuple[float, float]:
    """The median times of a write at the tail, and of the check that follows it."""
    tails = [claim_partition(root, TOPIC, number) for number in range(partitions)]
    tails[0].write(tails[0].end + 2, lines("2026-03-01", tails[0].end))
    closer = Closer(root, TOPIC, evidence=2)
    one_check(closer, tails)
    pairs = [(one_flush(tails[0]), one_check(closer, tails)) for _ in range(FLUSHES)]
    flush, check = (round(statistics.median(times), 2) for times in zip(*pairs, strict=True))
    return flush, check


def one_check(closer: Closer, tails: list[Tail]) -> float:
    ends = {tail.partition.number: tail.end for tail in tails}
    began = time.perf_counter()
    assert closer.close_due_days(ends, GRACE, NOW) == []
    return (time.perf_counter() - began) * 1000


def one_flush(tail: Tail) -> float:
    rows = lines("2026-03-01", tail.end)
    began = time.perf_counter()
    tail.write(tail.end + 2, rows)
    return (time.perf_counter() - began) * 1000


def close_days(root: Path) -> None:
    """30 days, closed, with what came in the grace time after the last one still open."""
    tails = [claim_partition(root, TOPIC, number) for number in range(PARTITIONS)]
    closer, first = Closer(root, TOPIC, evidence=2), date(2026, 1, 1)
    for number in range(DAYS + 1):
        day = (first + timedelta(days=number)).isoformat()
        for tail in tails[: 4 if number < DAYS else None]:
            tail.write(tail.end + 2, lines(day, tail.end))
        for tail in tails:
            tail.write(tail.end + 1, ROWS.empty_table())
        closer.close_due_days({tail.partition.number: tail.end for tail in tails}, GRACE, NOW)


def started(root: Path) -> dict[str, float]:
    """What `start` measures, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_store", str(root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def start(root: Path) -> int:
    """Claim every partition and look for due days, as the collector does; print s and MB."""
    lines("2026-03-01", 0)  # compiles, as the collector does before it joins
    before, times = time.process_time(), [time.perf_counter()]
    tails = [claim_partition(root, TOPIC, number) for number in range(PARTITIONS)]
    times.append(time.perf_counter())
    cpu = round(time.process_time() - before, 2)
    closer = Closer(root, TOPIC, evidence=2)
    found = {tail.partition.number: tail.found for tail in tails if tail.found}
    ends = {tail.partition.number: tail.end for tail in tails}
    for _ in range(2):
        closer.close_due_days(ends, GRACE, NOW, found)
        times.append(time.perf_counter())
    claim, first, following = (round(b - a, 2) for a, b in itertools.pairwise(times))
    megabytes = peak_rss_mb()
    measured = {"claim": claim, "cpu": cpu, "first": first, "next": following, "mb": megabytes}
    print(json.dumps(measured))
    return 0


if __name__ == "__main__":
    run(main)
