"""The collector's use of the store: parse, write, resume, record gaps; each with its metrics."""

import contextlib
import logging
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from kafka import TopicPartition

from movierec.errors import AlreadyWritten, BadInput, Unavailable
from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from movierec.store.chain import Chain, read_chain, read_end
from movierec.store.decisions import last_closing
from movierec.store.leftovers import sweep
from movierec.store.segments import partition_at
from movierec.store.storage import Storage, at
from movierec.store.tail import Tail, Written, claim_partition
from movierec.times import MILLISECOND, Milliseconds, day_name, day_start, format_time
from serve.collector.buffer import Buffer
from serve.collector.lag import Lag
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")


NO_LINES = LineBatch(np.empty(0, np.int64), np.empty(0, np.int64), pa.array([], pa.large_binary()))


PROBE = re.compile(r"writable-(\d{1,20})-[0-9a-f]{32}")
"""The name of what a start puts to see whether it can, with the second in which it did."""
PROBE_SECONDS = 3600
"""After so long nobody is at it any more."""
OVERTAKEN = "the broker's retention overtook the collector"


class Writer:
    """What is on disk of our partitions, and what was done to it since the start."""

    def __init__(self, settings: CollectorSettings, metrics: CollectorMetrics) -> None:
        self._root = settings.store
        self._settings = settings
        self._metrics = metrics
        self.lag = Lag(metrics)
        self._tails: dict[TopicPartition, Tail] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._totals: Counter[str] = Counter()
        self._last_event: dict[str, int] = {}
        _check_writable(at(self._root), f"the store {self._root}")
        sweep(at(self._root), settings.topics)
        for topic in settings.topics:
            _check_clock(at(self._root), topic)
        # Compiles, the first time on a machine: not while partitions wait.
        parse_batch(NO_LINES, _now())

    @property
    def totals(self) -> dict[str, int]:
        """Counts since the start of the process, and the lag as it is now."""
        keys = ("read", "stored", "rejected", "segments", "bytes", "gaps")
        return {key: self._totals[key] for key in keys} | {"lag": self.lag.total}

    def resume(self, partition: TopicPartition) -> int:
        """The next offset of a partition that is ours now, by its verified segments."""
        with self.disk(f"{name(partition)} was not begun"):
            tail = claim_partition(self._root, partition.topic, partition.partition)
        self._tails[partition] = tail
        self.lag.begin(partition, tail.end)
        log.info("resumes", extra={"partition": name(partition), "offset": tail.end})
        return tail.end

    def found(self, partition: TopicPartition) -> Chain:
        """The chain of a partition as it was resumed just now."""
        tail = self._tails[partition]
        return tail.found or read_chain(tail.partition)

    def take_found(self, topic: str) -> dict[int, Chain]:
        """The chains of a topic's partitions as they were resumed, and keep them no longer."""
        taken = {}
        for partition, tail in self._tails.items():
            if partition.topic == topic and tail.found is not None:
                taken[partition.partition], tail.found = tail.found, None
        return taken

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """The partitions are ours no more."""
        for partition in partitions:
            self._tails.pop(partition, None)
        self.lag.forget(partitions)

    def end(self, partition: TopicPartition) -> int:
        """The next offset of a partition that may be another member's."""
        where = partition_at(self._root, partition.topic, partition.partition)
        known = self._ends.get(partition, 0)
        if partition in self._tails:
            known = max(known, self._tails[partition].end)
        self._ends[partition] = read_end(where, known)
        return self._ends[partition]

    def write(self, partition: TopicPartition, buffer: Buffer) -> None:
        """Parse the buffer and make it durable as one segment.

        Raises AlreadyWritten when another writer was first, Unavailable when the disk fails.
        """
        started = time.monotonic()
        lines = buffer.lines()
        if partition.topic == self._settings.served_topic:
            rows = parse_served(lines, _now())
        else:
            rows = parse_batch(lines, _now())
        tail = self._tail(partition, buffer.start)
        with self.disk(f"{name(partition)} is on disk up to offset {buffer.start}"):
            written = tail.write(buffer.end, rows)
        self._count(partition, written, rows, time.monotonic() - started)
        newest = int(lines.timestamps[-1]) if written.segment.rows else -1
        self.lag.advance(partition, buffer.end, newest)

    def _tail(self, partition: TopicPartition, start: int) -> Tail:
        tail = self._tails[partition]
        if tail.end != start:
            raise AlreadyWritten(f"{name(partition)}: the store ends at {tail.end}, not {start}")
        return tail

    @contextlib.contextmanager
    def disk(self, state: str) -> Iterator[None]:
        """Ends the program when the disk fails: after that nobody knows what it holds."""
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"the store {self._root} cannot be written: {error.strerror} (errno "
                f"{error.errno}); {state}. Mend the disk and start again"
            ) from error

    def _count(
        self, partition: TopicPartition, written: Written, rows: Any, seconds: float
    ) -> None:
        topic, segment, size = partition.topic, written.segment, written.bytes
        self._metrics.segments.labels(topic).inc()
        self._metrics.segment_bytes.labels(topic).inc(size)
        self._metrics.flush_seconds.observe(seconds)
        kinds = Counter(written.counts)
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

    def record_gap(
        self, partition: TopicPartition, start: int, end: int, why: str = OVERTAKEN
    ) -> None:
        """The offsets [start, end) cannot be read any more: write it down, say so."""
        with self.disk(f"a gap of {name(partition)} from offset {start} is not recorded"):
            self._tail(partition, start).write_gap(end)
        self.lag.advance(partition, end)
        self._totals["gaps"] += 1
        self._metrics.gaps.labels(partition.topic).inc()
        lost = end - start if why == OVERTAKEN else None  # nobody knows how many lines there were
        self._metrics.gap_lines.labels(partition.topic).inc(lost or 0)
        log.error(
            "gap",
            extra={
                "partition": name(partition),
                "start": start,
                "end": end,
                "lost": lost,
                "why": why,
            },
        )


def _value_counts(column: Any) -> list[tuple[Any, int]]:
    return [(c["values"], c["counts"]) for c in column.combine_chunks().value_counts().to_pylist()]


def _check_writable(storage: Storage, what: str) -> None:
    """Raises BadInput where nothing can be written, Unavailable where what is there is replaced.

    What others put who start at the same time stays: whose is taken away would find its second put
    succeed. Only what is old was left by one that died.
    """
    now = int(time.time())
    mine = f"writable-{now}-{uuid.uuid4().hex}"
    try:
        storage.put_new(mine, lambda file: None)
        storage.check(mine)
        tried = ((name, PROBE.fullmatch(name)) for name in storage.names(""))
        old = (name for name, at in tried if at and int(at[1]) < now - PROBE_SECONDS)
        storage.remove(mine, *old)
    except OSError as error:
        raise BadInput(
            f"{what} cannot be written ({error.strerror}): check COLLECTOR_STORE"
        ) from None


def _check_clock(storage: Storage, topic: str) -> None:
    """Raises BadInput when the own clock is behind the store: all lines would be set aside."""
    last, now = last_closing(storage, topic), time.time_ns()
    if now < day_start(last.day + 1):
        raise BadInput(
            f"the clock of this machine says {format_time(now, 0)}, but the store has closed "
            f"{day_name(last.day)} of {topic}: set the clock; if it is right, the day was closed "
            "by a wrong one: restore the store from a backup"
        )


def _now() -> Milliseconds:
    return time.time_ns() // MILLISECOND


def name(partition: TopicPartition) -> str:
    """`topic/partition`."""
    return f"{partition.topic}/{partition.partition}"
