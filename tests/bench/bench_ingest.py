"""`make bench-ingest`: the collector against bare consumer loops, on real Kafka.

    python -m tests.bench.bench_ingest [--lines N] [--long N] [--quick]

One run, one topic a batch size, true mix of lines. The consumer is pinned to one core, the
broker to the other. Baselines poll and do nothing else: kafka-python's loop over records, and
confluent-kafka's. The collector is measured end to end: fetch, parse, write, fsync, commit.
Each starts with everything compiled and imported, and its seconds run from the first poll that
could give a line to the last line (for the collector: until all of it is on disk).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Producer

from infra.demo.report import table
from infra.simulator.corruption import corrupt
from infra.simulator.exact import stream
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.cli import run, whole
from movierec.store.chain import read_chain
from movierec.store.days import closed_days, read_manifest
from movierec.store.segments import partition_at
from movierec.times import DAY_SECONDS, SECOND
from tests.brokers.kafka import Broker, running

PARTITIONS = 4
BATCHES = (10, 1_000)
FIRST_DAY = 20_000
MEMORY_STEP = 0.5
"""Seconds between two looks at a process's memory."""


def main(arguments: list[str]) -> int:
    """Measure; prints tables, then JSON."""
    parser = argparse.ArgumentParser(
        prog="bench_ingest", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--lines", type=whole, default=1_000_000, help="of each topic")
    parser.add_argument("--long", type=whole, default=10_000_000, help="lines of the memory run")
    parser.add_argument("--quick", action="store_true", help="200,000 and 2,000,000 lines")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a child's task, as JSON
    options = parser.parse_args(arguments)
    if options.one:
        return consume(**json.loads(options.one))
    lines, long = (200_000, 2_000_000) if options.quick else (options.lines, options.long)
    with (
        tempfile.TemporaryDirectory(prefix="ingest-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "broker") as broker,
    ):
        pin(broker)
        results = measure(broker, Path(folder), lines, long)
    print(json.dumps(results))
    return 0


def pin(broker: Broker) -> None:
    """The broker to the first core, with every thread it has; consumers take the last."""
    assert broker.process is not None
    core = str(min(os.sched_getaffinity(0)))
    tree = subprocess.run(
        ["ps", "-o", "pid=", "-g", str(os.getpgid(broker.process.pid))],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for pid in tree:
        subprocess.run(["taskset", "-a", "-p", "-c", core, pid], capture_output=True, check=True)


def measure(broker: Broker, folder: Path, lines: int, long: int) -> dict[str, Any]:
    """Speeds for each batch size, then memory and disk of a long run."""
    made = true_mix(min(lines, 1_000_000))
    results: dict[str, Any] = {"lines": lines, "partitions": PARTITIONS}
    rows = []
    for batch in BATCHES:
        topic = f"mix-{batch}"
        produce(broker.address, topic, made, lines, batch)
        child(broker.address, topic, "kafka-python", lines)  # warms the page cache
        speeds = {
            name: child(broker.address, topic, name, lines)
            for name in ("kafka-python", "confluent-kafka")
        }
        speeds["collector"] = collect(broker.address, topic, folder / f"store-{batch}", lines)
        base = speeds["kafka-python"]["lines_per_second"]
        for name, speed in speeds.items():
            speed["ratio"] = speed["lines_per_second"] / base
            rows.append(
                [
                    f"{name}, {batch:,} lines a batch",
                    f"{speed['lines_per_second']:,.0f}",
                    f"{speed['ratio']:.2f}",
                ]
            )
        results[topic] = speeds
    print(table(["", "lines/s", "× kafka-python loop"], rows))
    memory = results["memory"] = long_run(broker.address, folder, made, long)
    text = [
        ["RSS after 1/10 of the lines, MB", f"{memory['early_mb']:,}"],
        [f"RSS after {long:,} lines, MB", f"{memory['late_mb']:,}"],
        ["ratio", f"{memory['ratio']:.2f}"],
        ["bytes a line in a closed day", f"{memory['bytes_per_line']:.1f}"],
    ]
    print(table(["memory and disk", ""], text))
    return results


def true_mix(lines: int) -> list[bytes]:
    """Lines of one simulated day, corruption included."""
    life = Life(make_world(7, 4_000, 1_500), lines)
    day = (FIRST_DAY + 1) * DAY_SECONDS * SECOND
    rows = next(life.days(FIRST_DAY, 1, day))
    made = life.writer.lines(rows)
    corrupt(stream(7, 2, 0), made)
    return made


def produce(address: str, topic: str, made: Sequence[bytes], lines: int, batch: int) -> None:
    """Send `lines` lines, the made ones over and over, in batches of `batch`.

    Uncompressed, as small producers are: what is measured is the consumer. The topic is made
    by the first line (`num.partitions` of the broker).
    """
    producer = Producer(
        {
            "bootstrap.servers": address,
            "linger.ms": 100,
            "batch.num.messages": batch,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
            "max.in.flight.requests.per.connection": 1,
        }
    )
    producer.list_topics(topic, timeout=10)
    time.sleep(1)
    for number in range(lines):
        value = made[number % len(made)]
        while True:
            try:
                producer.produce(topic, value, partition=(number // batch) % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.05)
        if number % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0


def child(address: str, topic: str, name: str, lines: int) -> dict[str, Any]:
    """A bare loop in a process of its own."""
    task = json.dumps({"address": address, "topic": topic, "name": name, "lines": lines})
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_ingest", "--one", task],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def consume(address: str, topic: str, name: str, lines: int) -> int:
    """A child's work: poll until all lines are seen, and do nothing with them."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    seen = 0
    if name == "kafka-python":
        from kafka import KafkaConsumer, TopicPartition

        consumer = KafkaConsumer(
            bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False,
            max_poll_records=20_000, fetch_max_bytes=16 << 20, max_partition_fetch_bytes=2 << 20,
        )  # fmt: skip
        consumer.assign([TopicPartition(topic, p) for p in range(PARTITIONS)])
        started = time.perf_counter()
        while seen < lines:
            for records in consumer.poll(timeout_ms=200).values():
                seen += len(records)
    else:
        import confluent_kafka

        other = confluent_kafka.Consumer(
            {"bootstrap.servers": address, "group.id": "bench", "enable.auto.commit": False}
        )
        other.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
        started = time.perf_counter()
        while seen < lines:
            seen += len(other.consume(20_000, timeout=0.2))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "lines_per_second": lines / seconds}))
    return 0


def collect(address: str, topic: str, folder: Path, lines: int) -> dict[str, Any]:
    """The collector end to end: from its first assignment to the last segment on disk."""
    log = folder.with_suffix(".log")
    process = start_collector(address, topic, folder, log)
    assert process.wait(600) == 0, log.read_text()[-2000:]
    events = [json.loads(line) for line in log.read_text().splitlines()]
    at = {e["event"]: moment(e) for e in events}
    began = next(moment(e) for e in events if e["event"] == "assigned")
    stored = sum(e["read"] for e in events if e["event"] == "segment")
    assert stored == lines, f"{stored} lines on disk, {lines} were sent"
    seconds = at["segment"] - began
    return {"seconds": seconds, "lines_per_second": lines / seconds}


def start_collector(address: str, topic: str, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """The collector as a user starts it, on the last core."""
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "COLLECTOR_TOPICS": topic,
        "COLLECTOR_METRICS_PORT": "0",
        "COLLECTOR_GROUP": folder.name,
    }
    command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), sys.executable]
    command += ["-m", "serve.collector", "--until-caught-up", "--store", str(folder)]
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment, stderr=file, stdout=file)


def moment(event: dict[str, Any]) -> float:
    """Seconds since 1970 of a log line."""
    return float(np.datetime64(re.sub(r"\+.*", "", event["time"]), "ms").astype(np.int64) / 1000)


def long_run(address: str, folder: Path, made: list[bytes], lines: int) -> dict[str, Any]:
    """Memory of the collector over many lines, and the disk that a day of them takes."""
    topic, where, log = "long", folder / "long", folder / "long.log"
    produce(address, topic, made, lines, 1_000)
    process = start_collector(address, topic, where, log)
    samples: list[tuple[int, int]] = []
    while process.poll() is None:
        samples.append((lines_on_disk(log), rss_mb(process.pid)))
        time.sleep(MEMORY_STEP)
    assert process.returncode == 0, log.read_text()[-2000:]
    early = max(mb for done, mb in samples if done <= lines // 10)
    late = max(mb for done, mb in samples if mb)
    size, rows = size_of_lines(where, topic)
    shutil.rmtree(where, ignore_errors=True)
    return {
        "lines": lines,
        "early_mb": early,
        "late_mb": late,
        "ratio": late / early,
        "bytes_per_line": size / rows,
    }


def lines_on_disk(log: Path) -> int:
    """Lines that the collector says are stored."""
    return sum(int(n) for n in re.findall(rb'"event": "segment".*?"read": (\d+)', log.read_bytes()))


def rss_mb(pid: int) -> int:
    """Resident memory of a process; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


def size_of_lines(root: Path, topic: str) -> tuple[int, int]:
    """(bytes, lines) of the segments and closed days of a topic."""
    size = rows = 0
    for partition in range(PARTITIONS):
        chain = read_chain(partition_at(root, topic, partition))
        rows += sum(segment.rows for segment in chain.segments)
        folder = root / chain.partition.folder
        size += sum(path.stat().st_size for path in folder.glob("*.parquet"))
    for day in closed_days(root, topic):
        manifest = read_manifest(root, topic, day)
        size += sum(entry["bytes"] for entry in manifest["files"].values())
        rows += manifest["totals"]["stored"] + manifest["totals"]["rejected"]
    return size, rows


if __name__ == "__main__":
    run(main)
