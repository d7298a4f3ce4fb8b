"""The collector's use of the store: parse, write, resume, gaps, days; each with its metrics."""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from kafka import TopicPartition

from movierec import store
from movierec.errors import BadInput, Unavailable
from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from serve.collector.buffer import Buffer
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")


NO_LINES = LineBatch(np.empty(0, np.int64), np.empty(0, np.int64), pa.array([], pa.large_binary()))


class Store:
    """The folder of segments and closed days, and what was done to it since the start."""

    def __init__(self, settings: CollectorSettings, metrics: CollectorMetrics) -> None:
        self._root = settings.store
        self._settings = settings
        self._metrics = metrics
        self._durable: dict[TopicPartition, tuple[int, int]] = {}
        self._totals: Counter[str] = Counter()
        self._last_event: dict[str, int] = {}
        _check_writable(self._root)
        parse_batch(NO_LINES)  # compiles, the first time on a machine: not while partitions wait

    @property
    def totals(self) -> dict[str, int]:
        """Counts since the start of the process."""
        keys = ("read", "stored", "rejected", "segments", "bytes", "gaps", "days", "late")
        lag = self._totals["lag"]
        return {key: self._totals[key] for key in keys} | {"lag": lag}

    def resume(self, partition: TopicPartition) -> int:
        """The next offset of a partition that is ours now, by its verified segments."""
        offset = store.claim_partition(self._root, partition.topic, partition.partition) or 0
        log.info("resumes", extra={"partition": name(partition), "offset": offset})
        return offset

    def end(self, partition: TopicPartition) -> int:
        """The next offset of a partition that may be another member's."""
        return store.resume_offset(self._root, partition.topic, partition.partition) or 0

    def write(self, partition: TopicPartition, buffer: Buffer) -> None:
        """Parse the buffer and make it durable as one segment.

        Raises AlreadyWritten when another writer was first, Unavailable when the disk fails.
        """
        started = time.monotonic()
        lines = buffer.lines()
        if partition.topic == self._settings.served_topic:
            rows = parse_served(lines)
        else:
            rows = parse_batch(lines)
        where = (self._root, partition.topic, partition.partition)
        with self._disk(f"{name(partition)} is on disk up to offset {buffer.start}"):
            segment = store.write_segment(*where, buffer.start, buffer.end, rows)
            size = segment.path.stat().st_size
        self._count(partition, segment, rows, size, time.monotonic() - started)
        newest = int(lines.timestamps[-1]) if segment.rows else -1
        self._durable[partition] = (buffer.end, newest)
        self._metrics.durable.labels(*_labels(partition)).set(buffer.end)

    @contextlib.contextmanager
    def _disk(self, state: str) -> Iterator[None]:
        """Ends the program when the disk fails: after that nobody knows what it holds."""
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"the store {self._root} cannot be written: {error.strerror} (errno "
                f"{error.errno}); {state}. Mend the disk and start again"
            ) from error

    def _count(
        self,
        partition: TopicPartition,
        segment: store.Segment,
        rows: Any,
        size: int,
        seconds: float,
    ) -> None:
        topic = partition.topic
        self._metrics.segments.labels(topic).inc()
        self._metrics.segment_bytes.labels(topic).inc(size)
        self._metrics.flush_seconds.observe(seconds)
        kinds = Counter(segment.counts)
        rejected = kinds.pop("rejected", 0)
        for kind, count in kinds.items():
            self._metrics.lines.labels(topic, kind, "stored").inc(count)
        if rejected:
            self._metrics.lines.labels(topic, "unknown", "rejected").inc(rejected)
            for reason, count in _value_counts(rows["reason"].drop_null()):
                self._metrics.rejected.labels(topic, reason).inc(count)
        if segment.max_time is not None:
            self._last_event[topic] = max(segment.max_time, self._last_event.get(topic, 0))
            self._metrics.last_event.labels(topic).set(self._last_event[topic] / 1e9)
        stored = segment.rows - rejected
        counts = {"read": segment.rows, "stored": stored, "rejected": rejected, "bytes": size}
        self._totals.update(counts | {"segments": 1})
        log.info(
            "segment",
            extra={"partition": name(partition), **counts, "seconds": round(seconds, 4)},
        )

    def record_gap(self, partition: TopicPartition, start: int, end: int) -> None:
        """The broker lost the offsets [start, end) before we read them: write it down, say so."""
        with self._disk(f"a gap of {name(partition)} from offset {start} is not recorded"):
            store.write_gap(self._root, partition.topic, partition.partition, start, end)
        self._totals["gaps"] += 1
        self._metrics.gaps.labels(partition.topic).inc()
        self._metrics.gap_lines.labels(partition.topic).inc(end - start)
        log.error(
            "gap",
            extra={
                "partition": name(partition),
                "start": start,
                "end": end,
                "lost": end - start,
                "why": "the broker's retention overtook the collector",
            },
        )

    def observe_lag(self, ends: dict[TopicPartition, int]) -> None:
        """Set the lag of our partitions from their ends in Kafka."""
        total = 0
        for partition, end in ends.items():
            durable, timestamp = self._durable.get(partition, (0, -1))
            lag = max(0, end - durable)
            total += lag
            self._metrics.lag.labels(*_labels(partition)).set(lag)
            age = max(0.0, time.time() - timestamp / 1000) if lag and timestamp >= 0 else 0.0
            self._metrics.lag_seconds.labels(*_labels(partition)).set(age)
        self._totals["lag"] = total

    def close_days(self, topic: str, ends: dict[int, int]) -> None:
        """Close the topic's days that are due; `ends` are the partitions' ends in Kafka."""
        with self._disk(f"no day of {topic} was closed"):
            days = store.close_due_days(self._root, topic, ends, self._settings.grace_seconds)
        for day in days:
            totals = store.read_manifest(self._root, topic, day)["totals"]
            self._totals["days"] += 1
            self._totals["late"] += totals["late"]
            self._metrics.days_closed.labels(topic).inc()
            self._metrics.late.labels(topic).inc(totals["late"])
            counts = {key: totals[key] for key in ("stored", "rejected", "late")}
            log.info("day closed", extra={"topic": topic, "day": day, **counts})


def _value_counts(column: Any) -> list[tuple[Any, int]]:
    return [(c["values"], c["counts"]) for c in column.combine_chunks().value_counts().to_pylist()]


def _check_writable(root: Path) -> None:
    probe = root / ".writable"
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(
            f"the store {root} cannot be written ({error.strerror}): check COLLECTOR_STORE"
        ) from None


def name(partition: TopicPartition) -> str:
    """`topic/partition`."""
    return f"{partition.topic}/{partition.partition}"


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
