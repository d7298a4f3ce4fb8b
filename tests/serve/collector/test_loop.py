"""What one member of the group does when partitions come and go and when the disk refuses."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from movierec.errors import Unavailable
from movierec.store.chain import read_chain
from movierec.store.segments import partition_at
from serve.settings import CollectorSettings
from tests.serve.collector.member import HERE, Member, users


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


def test_partitions_that_are_revoked_are_made_durable_first(bench: Member) -> None:
    bench.read(0, 10)
    bench.collector.revoked([HERE])
    assert users(bench.stored()) == list(range(10))
    assert bench.collector._buffers == {}


def test_partitions_that_were_lost_are_dropped_unwritten(bench: Member) -> None:
    bench.read(0, 10)
    bench.collector.lost([HERE])
    assert bench.stored() == []
    bench.start()
    assert bench.consumer.positions[HERE] == 0


def test_a_second_writer_makes_us_drop_read_the_disk_and_seek(bench: Member) -> None:
    rival = Member(bench.root).start()
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


def test_a_commit_follows_the_disk_and_is_only_a_hint(bench: Member) -> None:
    bench.read(0, 5)
    bench.flush()
    assert [told[HERE].offset for told in bench.consumer.committed] == [5]
    bench.consumer.commit_error = KafkaError("no coordinator")
    bench.read(5, 5)
    bench.flush()
    assert users(bench.stored()) == list(range(10))


def test_an_fsync_error_ends_the_process_and_nothing_is_committed(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.read(0, 5)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unavailable, match=r"cannot be written.*errno 5.*up to offset 0"):
        bench.flush()
    assert bench.consumer.committed == []


def test_a_failure_on_the_clients_thread_ends_the_loop(
    bench: Member, monkeypatch: pytest.MonkeyPatch
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


def test_offsets_that_the_broker_dropped_are_a_gap_after_what_was_read(bench: Member) -> None:
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


def test_a_buffer_is_flushed_by_rows_by_age_and_when_all_hold_too_much(bench: Member) -> None:
    bench.read(0, 10)
    assert bench.collector._due(1.0) == []
    assert bench.collector._due(bench.settings.segment_seconds) == [HERE]
    bench.collector.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.collector._due(1.0) == [HERE]
    bench.collector.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=1)
    assert bench.collector._due(1.0) == [HERE]


def sample(bench: Member, name: str, **labels: str) -> float | None:
    return bench.registry.get_sample_value(name, labels)


THERE = TopicPartition("movielog", 1)


def test_the_gauges_of_a_partition_come_and_go_with_it(bench: Member) -> None:
    where = {"topic": "movielog", "partition": "0"}
    bench.read(0, 10)
    bench.collector._observe()
    assert sample(bench, "collector_assigned_partitions") == 1
    assert sample(bench, "collector_lag_messages", **where) == 1000
    bench.flush()
    bench.collector._observe()
    assert sample(bench, "collector_lag_messages", **where) == 990
    assert sample(bench, "collector_lag_messages", topic="movielog", partition="1") is None
    bench.collector.lost([HERE])
    bench.collector._observe()
    for name in ("lag_messages", "lag_seconds", "durable_offset"):
        assert sample(bench, f"collector_{name}", **where) is None
    assert sample(bench, "collector_assigned_partitions") == 0
    bench.start()
    bench.collector._observe()
    assert sample(bench, "collector_durable_offset", **where) == 10
    assert sample(bench, "collector_lag_messages", **where) == 990
    bench.collector.assigned([THERE])  # held, and counted at once
    bench.collector._observe()
    assert sample(bench, "collector_assigned_partitions") == 2


def test_the_last_log_line_has_the_lag_after_the_last_flush(
    bench: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bench.consumer.last = 10
    bench.read(0, 10)
    bench.collector._observe()
    assert bench.collector.totals["lag"] == 10
    bench.collector.once = True
    bench.consumer.last = 12  # came since
    with caplog.at_level("INFO", "serve.collector"):
        bench.collector._finish()
    (stopped,) = [record for record in caplog.records if record.message == "stopped"]
    said = {"reason": "caught up", "read": 10, "lag": 2, "days": 0}
    assert said.items() <= vars(stopped).items()


def test_caught_up_beside_another_member_by_what_it_has_on_disk(bench: Member) -> None:
    """Its partition is none of ours: only the disk knows how far it is."""
    bench.consumer.last, bench.consumer.partitions = 10, {0, 1}
    bench.collector.once = True
    bench.read(0, 10)
    assert not bench.collector._is_caught_up()
    other = Member(bench.root).start(THERE)
    other.read(0, 6, THERE)
    other.flush(THERE)
    assert not bench.collector._is_caught_up()
    other.read(6, 4, THERE)
    assert not bench.collector._is_caught_up()
    other.flush(THERE)
    assert bench.collector._is_caught_up()
