"""What one member of the group does when partitions come and go and when the disk refuses."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from kafka import TopicPartition
from kafka.errors import CorruptRecordError, KafkaError, OffsetOutOfRangeError
from prometheus_client import CollectorRegistry

from movierec.errors import CorruptFile, Unavailable
from movierec.lines.rows import LineBatch, line_of
from movierec.store.chain import read_chain
from movierec.store.openrows import open_rows
from movierec.store.segments import partition_at
from serve.collector.broker import MAX_CORRUPT_FETCHES, Broker
from serve.collector.consumer import _options, resume_rejoin
from serve.collector.fetch.source import Chunk
from serve.collector.loop import Collector
from serve.collector.writer import Writer
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings, KafkaSettings

HERE = TopicPartition("movielog", 0)


class Consumer:
    """A consumer that remembers what it was told; `first` and `last` are the broker's offsets."""

    def __init__(self) -> None:
        self.paused: set[TopicPartition] = set()
        self.positions: dict[TopicPartition, int] = {}
        self.committed: list[dict[TopicPartition, Any]] = []
        self.first, self.last = 0, 1000
        self.commit_error: KafkaError | None = None

    def pause(self, partition: TopicPartition) -> None:
        self.paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self.paused.discard(partition)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    def commit_async(self, offsets: dict[TopicPartition, Any]) -> None:
        if self.commit_error:
            raise self.commit_error
        self.committed.append(offsets)

    def beginning_offsets(self, partitions: list[TopicPartition], _: int) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.first)

    def end_offsets(self, partitions: list[TopicPartition], _: int) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.last)


class Bench:
    """A collector on a fake consumer and the real store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.metrics = CollectorMetrics(CollectorRegistry())
        self.settings = CollectorSettings(KafkaSettings(("localhost:1",)), store=root)
        self.consumer = Consumer()
        self.collector = Collector(
            self.settings, self.metrics, Writer(self.settings, self.metrics), once=False
        )
        self.collector.consumer = self.consumer
        self.collector._broker = Broker(self.consumer, self.settings, self.metrics)

    def start(self) -> "Bench":
        """Own the partition, from where the disk ends."""
        self.collector.assigned([HERE])
        assert HERE in self.consumer.paused
        self.collector._start_held()
        assert HERE not in self.consumer.paused
        return self

    def read(self, start: int, count: int) -> None:
        """As if the lines had come from the broker."""
        self.collector._buffers[HERE].add(chunk(start, count), 0.0)

    def flush(self) -> None:
        self.collector._flush([HERE])

    def stored(self) -> list[bytes | None]:
        rows = open_rows(self.root, HERE.topic).to_pylist()
        return [line_of(row) for row in rows]


def chunk(start: int, count: int) -> Chunk:
    """Watch lines of the users `start` and up, one an offset."""
    offsets = np.arange(start, start + count, dtype=np.int64)
    lines = [f"2026-11-01T12:00:00.500,{user},GET /data/m/jaws/1.mpg" for user in offsets]
    values = pa.array([line.encode() for line in lines], pa.large_binary())
    made = LineBatch(offsets, np.full(count, -1, np.int64), values)
    return Chunk(made, start, start + count)


def users(found: list[bytes | None]) -> list[int]:
    return [int(line.split(b",")[1]) for line in found if line is not None]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "store").start()


def test_partitions_that_are_revoked_are_made_durable_first(bench: Bench) -> None:
    bench.read(0, 10)
    bench.collector.revoked([HERE])
    assert users(bench.stored()) == list(range(10))
    assert bench.collector._buffers == {}


def test_partitions_that_were_lost_are_dropped_unwritten(bench: Bench) -> None:
    bench.read(0, 10)
    bench.collector.lost([HERE])
    assert bench.stored() == []
    bench.start()
    assert bench.consumer.positions[HERE] == 0


def test_a_second_writer_makes_us_drop_read_the_disk_and_seek(bench: Bench) -> None:
    rival = Bench(bench.root).start()
    bench.read(0, 10)
    rival.read(0, 7)
    rival.flush()
    bench.flush()
    assert bench.metrics.refused.labels("movielog")._value.get() == 1
    assert HERE in bench.consumer.paused and HERE not in bench.collector._buffers
    bench.collector._start_held()
    assert bench.consumer.positions[HERE] == 7
    bench.read(7, 3)
    bench.flush()
    assert users(bench.stored()) == list(range(10))


def test_a_commit_follows_the_disk_and_is_only_a_hint(bench: Bench) -> None:
    bench.read(0, 5)
    bench.flush()
    assert [told[HERE].offset for told in bench.consumer.committed] == [5]
    bench.consumer.commit_error = KafkaError("no coordinator")
    bench.read(5, 5)
    bench.flush()
    assert users(bench.stored()) == list(range(10))


def test_an_fsync_error_ends_the_process_and_nothing_is_committed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.read(0, 5)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unavailable, match=r"cannot be written.*errno 5.*up to offset 0"):
        bench.flush()
    assert bench.consumer.committed == []


def test_a_failure_on_the_clients_thread_ends_the_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise Unavailable("the disk is gone")

    bench.read(0, 5)
    monkeypatch.setattr(bench.collector.writer, "write", fails)
    with pytest.raises(Unavailable):
        bench.collector.revoked([HERE])
    assert bench.collector.health()["healthy"] is False
    monkeypatch.setattr(bench.consumer, "poll", lambda timeout_ms: {}, raising=False)
    with pytest.raises(Unavailable, match="the disk is gone"):
        bench.collector._turn()


def test_offsets_that_the_broker_dropped_are_a_gap_after_what_was_read(bench: Bench) -> None:
    bench.read(0, 10)
    bench.consumer.first = 40
    bench.collector._out_of_range(OffsetOutOfRangeError({HERE: 10}))
    segments = read_chain(partition_at(bench.root, HERE.topic, 0)).segments
    assert [(s.start, s.end, s.gap) for s in segments] == [(0, 10, False), (10, 40, True)]
    assert bench.consumer.positions[HERE] == 40
    assert bench.metrics.gap_lines.labels("movielog")._value.get() == 30
    bench.read(40, 2)
    bench.flush()
    assert users(bench.stored()) == [*range(10), 40, 41]


def test_a_topic_that_was_made_anew_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    bench.read(0, 10)
    bench.flush()
    bench.consumer.last = 3
    with pytest.raises(CorruptFile, match="ends at offset 3, but the store goes on to 10"):
        for _ in range(10):
            bench.collector._out_of_range(OffsetOutOfRangeError({HERE: 10}))


def test_corrupt_records_are_asked_for_again_and_never_skipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    broker = bench.collector._broker
    for _ in range(MAX_CORRUPT_FETCHES - 1):
        broker.trouble(CorruptRecordError("offset 3"))
    with pytest.raises(Unavailable, match="corrupt records"):
        broker.trouble(CorruptRecordError("offset 3"))


def test_a_buffer_is_flushed_by_rows_by_age_and_when_all_hold_too_much(bench: Bench) -> None:
    bench.read(0, 10)
    assert bench.collector._due(1.0) == []
    assert bench.collector._due(bench.settings.segment_seconds) == [HERE]
    bench.collector.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.collector._due(1.0) == [HERE]
    bench.collector.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=1)
    assert bench.collector._due(1.0) == [HERE]


def test_the_clients_defaults_that_lose_lines_are_off(bench: Bench) -> None:
    options = _options(bench.settings)
    assert options["enable_auto_commit"] is False
    assert options["auto_offset_reset"] == "none"
    assert options["isolation_level"] == "read_committed"
    assert options["check_crcs"] is True


class ForgetfulCoordinator:
    """As kafka-python's after its metadata flickered: it began to rejoin, and need not now."""

    rejoining = True

    def __init__(self) -> None:
        self.asked = 0

    def need_rejoin(self) -> bool:
        return self.asked > 0

    def request_rejoin(self) -> None:
        self.asked += 1


def test_a_rejoin_that_the_client_forgot_goes_on() -> None:
    consumer = type("Consumer", (), {"_coordinator": ForgetfulCoordinator()})()
    resume_rejoin(consumer)
    resume_rejoin(consumer)  # once is enough
    assert consumer._coordinator.asked == 1
    resume_rejoin(object())  # a client without this defect is left alone
