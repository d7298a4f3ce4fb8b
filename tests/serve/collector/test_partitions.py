"""Our partitions: held, begun where the disk ends, and on after what the broker dropped."""

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, OffsetOutOfRangeError

from movierec.store.chain import read_chain
from movierec.store.segments import partition_at
from serve.collector.fetch.topics import TopicFacts
from tests.serve.collector.member import HERE, Member, users


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


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


def test_how_far_a_partition_is_read_is_told_by_the_client_or_by_the_disk(bench: Member) -> None:
    """Ours may be ahead of what is buffered: markers of transactions are no lines."""
    bench.read(0, 10)
    bench.consumer.positions[HERE] = 12
    assert bench.ours.reached(HERE) == 12
    bench.flush()
    bench.ours.forget([HERE])  # another member's from now on
    assert bench.ours.reached(HERE) == 10


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


def test_a_clock_that_was_never_set_is_asked_for_once(bench: Member) -> None:
    """What may not be read yet has a time, though it is 1970."""
    bench.topics.record = SimpleNamespace(offset=0, value=b"", timestamp=0)
    for _ in range(4):
        bench.ours.measure_lag({HERE: 5})
    assert bench.topics.peeked == [0]
