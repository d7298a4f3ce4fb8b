"""What was read becomes durable once, when it is proved, and no further than the disk agrees."""

import errno
import os
from pathlib import Path

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError

from movierec.errors import Unavailable
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


@pytest.mark.parametrize("asks", ["assigned anew", "out of range"])
def test_whoever_hears_that_a_topic_was_made_anew_the_proved_lines_are_written(
    bench: Member, asks: str
) -> None:
    there = TopicPartition("movielog", 1)
    bench.start(there)
    bench.read(0, 10)
    bench.ours.ends()
    bench.read(10, 5)
    bench.topics.id = "B" * 22
    with pytest.raises(AnotherTopic):
        if asks == "out of range":
            bench.ours.out_of_range(OffsetOutOfRangeError({there: 0}))  # nothing to flush there
        else:
            bench.ours.hold(there)
            bench.ours.begin_held()
    assert users(bench.stored()) == list(range(10))


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
    bench.ours.buffers.settings = CollectorSettings(bench.settings.kafka, buffer_bytes=held - 1)
    bench.ours.flush(bench.ours.buffers.crowded())
    assert set(bench.ours.buffers) == {there} and HERE in bench.consumer.paused
    bench.topics.error = None
    bench.ours.begin_held()
    assert bench.consumer.positions[HERE] == 0
    bench.read(0, 10)
    bench.flush()
    assert users(bench.stored()) == list(range(10))
