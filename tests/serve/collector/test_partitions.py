"""Partitions from disk to buffer to disk: in order, once, and no further than the disk agrees."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError

from movierec.errors import Unavailable
from movierec.store.chain import read_chain
from movierec.store.segments import partition_at
from serve.collector.fetch.topics import TopicFacts
from serve.collector.identity import AnotherTopic
from serve.settings import CollectorSettings
from tests.serve.collector.member import HERE, Member, chunk, users


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


def test_a_second_writer_makes_us_drop_read_the_disk_and_seek(bench: Member) -> None:
    rival = Member(bench.root).start()
    bench.read(0, 10)
    rival.read(0, 7)
    rival.flush()
    bench.flush()
    assert bench.metrics.refused.labels("movielog")._value.get() == 1
    assert HERE in bench.consumer.paused and HERE not in bench.ours.buffers
    bench.ours.begin_held()
    assert bench.consumer.positions[HERE] == 7
    bench.read(7, 3)
    bench.flush()
    assert users(bench.stored()) == list(range(10))


def test_what_comes_after_a_refusal_is_read_again(bench: Member) -> None:
    """Buffers are flushed between the chunks of one poll: the rest of it may be of no use."""
    rival = Member(bench.root).start()
    bench.read(0, 10)
    rival.read(0, 7)
    rival.flush()
    bench.flush()
    bench.ours.add(HERE, chunk(10, 5))
    assert HERE not in bench.ours.buffers
    bench.ours.begin_held()
    bench.read(7, 8)
    bench.flush()
    assert users(bench.stored()) == list(range(15))


def test_a_commit_follows_the_disk_and_is_only_a_hint(bench: Member) -> None:
    bench.read(0, 5)
    bench.flush()
    assert [offsets[HERE].offset for offsets in bench.consumer.told] == [5]
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
    assert bench.consumer.told == []


def test_offsets_that_the_broker_dropped_are_a_gap_after_what_was_read(bench: Member) -> None:
    bench.read(0, 10)
    bench.consumer.first = 40
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 10}))
    segments = read_chain(partition_at(bench.root, HERE.topic, 0)).segments
    assert [(s.start, s.end, s.gap) for s in segments] == [(0, 10, False), (10, 40, True)]
    assert bench.consumer.positions[HERE] == 40
    assert bench.metrics.gap_lines.labels("movielog")._value.get() == 30
    bench.read(40, 2)
    bench.flush()
    assert users(bench.stored()) == [*range(10), 40, 41]


def test_a_buffer_is_flushed_by_rows_by_age_and_when_all_hold_too_much(bench: Member) -> None:
    bench.read(0, 10)
    assert bench.ours.due(1.0) == []
    assert bench.ours.due(bench.settings.segment_seconds) == [HERE]
    bench.ours.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.ours.due(1.0) == [HERE]
    bench.ours.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=1)
    assert bench.ours.due(1.0) == [HERE]


def test_how_far_a_partition_is_read_is_told_by_the_client_or_by_the_disk(bench: Member) -> None:
    """Ours may be ahead of what is buffered: markers of transactions are no lines."""
    bench.read(0, 10)
    bench.consumer.positions[HERE] = 12
    assert bench.ours.reached(HERE) == 12
    bench.flush()
    bench.ours.forget([HERE])  # another member's from now on
    assert bench.ours.reached(HERE) == 10


def test_between_chunks_full_buffers_are_flushed_and_old_ones_wait(bench: Member) -> None:
    bench.read(0, 10)
    assert bench.ours.crowded() == []
    bench.ours.settings = CollectorSettings(bench.settings.kafka, segment_rows=10)
    assert bench.ours.crowded() == [HERE]


def test_when_all_hold_too_much_the_largest_are_flushed_and_no_more(bench: Member) -> None:
    small, large = TopicPartition("movielog", 1), TopicPartition("movielog", 2)
    bench.start(small).start(large)
    for partition, count in ((HERE, 10), (small, 2), (large, 40)):
        bench.read(0, count, partition)
    held = sum(buffer.bytes for buffer in bench.ours.buffers.values())
    bench.ours.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held)
    assert bench.ours.due(1.0) == []
    bench.ours.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held - 1)
    assert bench.ours.due(1.0) == [large]


def test_a_gap_that_another_writer_passed_is_not_recorded(bench: Member) -> None:
    rival = Member(bench.root).start()
    rival.read(0, 7)
    rival.flush()
    bench.consumer.first = 40
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 0}))
    assert bench.metrics.refused.labels("movielog")._value.get() == 1
    assert HERE in bench.ours.held and HERE not in bench.ours.buffers
    bench.ours.begin_held()
    assert bench.consumer.positions[HERE] == 7
    segments = read_chain(partition_at(bench.root, HERE.topic, 0)).segments
    assert [(s.start, s.end, s.gap) for s in segments] == [(0, 7, False)]


def test_without_a_broker_s_word_and_for_other_members_partitions_there_is_no_gap(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    bench.consumer.first = 40
    bench.ours.out_of_range(OffsetOutOfRangeError({TopicPartition("movielog", 5): 10}))
    bench.consumer.ends_error = KafkaConnectionError("gone")
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 0}))
    assert bench.consumer.positions == {HERE: 0}
    assert read_chain(partition_at(bench.root, HERE.topic, 0)).segments == []
    bench.consumer.ends_error = None
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 0}))
    assert bench.consumer.positions == {HERE: 40}


@pytest.mark.parametrize("asks", ["assigned anew", "out of range"])
def test_whoever_hears_that_a_topic_was_made_anew_the_proved_lines_are_written(
    bench: Member, asks: str
) -> None:
    there = TopicPartition("movielog", 1)
    bench.start(there)
    bench.read(0, 10)
    bench.ours.prove()
    bench.read(10, 5)
    bench.topics.id = "B" * 22
    with pytest.raises(AnotherTopic):
        if asks == "out of range":
            bench.ours.out_of_range(OffsetOutOfRangeError({there: 0}))  # nothing to flush there
        else:
            bench.ours.hold(there)
            bench.ours.begin_held()
    assert users(bench.stored()) == list(range(10))


def test_a_gap_waits_for_the_lines_before_it(bench: Member) -> None:
    bench.read(0, 10)
    asked = iter([KafkaConnectionError("gone"), None])
    ask = bench.topics.ask

    def once_gone(topics: Iterable[str]) -> dict[str, TopicFacts]:
        bench.topics.error = next(asked, None)
        return ask(topics)

    bench.topics.ask = once_gone
    bench.consumer.first = 40
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 10}))
    assert bench.ours.buffers[HERE].rows == 10  # the broker has them no more
    bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 10}))
    segments = read_chain(partition_at(bench.root, HERE.topic, 0)).segments
    assert [(s.start, s.end, s.gap) for s in segments] == [(0, 10, False), (10, 40, True)]


def test_what_cannot_be_proved_is_bounded_and_read_again(bench: Member) -> None:
    """One leader is silent, the others give lines: they must not fill the memory."""
    there = TopicPartition("movielog", 1)
    bench.start(there)
    bench.topics.error = KafkaConnectionError("a leader is gone")
    bench.read(0, 10)
    bench.read(0, 2, there)
    bench.flush()
    assert set(bench.ours.buffers) == {HERE, there}  # little: it waits
    held = sum(buffer.bytes for buffer in bench.ours.buffers.values())
    bench.ours.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held - 1)
    bench.ours.flush(bench.ours.crowded())
    assert set(bench.ours.buffers) == {there} and HERE in bench.consumer.paused
    bench.topics.error = None
    bench.ours.begin_held()
    assert bench.consumer.positions[HERE] == 0
    bench.read(0, 10)
    bench.flush()
    assert users(bench.stored()) == list(range(10))


def test_a_clock_that_was_never_set_is_asked_for_once(bench: Member) -> None:
    """What may not be read yet has a time, though it is 1970."""
    bench.topics.record = SimpleNamespace(offset=0, value=b"", timestamp=0)
    for _ in range(4):
        bench.ours.measure_lag({HERE: 5})
    assert bench.topics.peeked == [0]
