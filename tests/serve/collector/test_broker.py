"""What the brokers are asked beside lines, and patience with those that do not answer."""

import logging
import time
from pathlib import Path

import pytest
from kafka import TopicPartition
from kafka.errors import (
    CorruptRecordError,
    KafkaConnectionError,
    LogTruncationError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from movierec.errors import CorruptFile, Unavailable
from serve.collector.broker import MAX_BEYOND_END, MAX_CORRUPT_FETCHES
from tests.serve.collector.member import HERE, Member


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


def test_a_topic_that_was_made_anew_is_refused(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    bench.read(0, 10)
    bench.flush()
    bench.consumer.last = 3
    for _ in range(MAX_BEYOND_END - 1):  # a broker that has just become the leader may be behind
        bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 10}))
    with pytest.raises(CorruptFile, match="ends at offset 3, but the store goes on to 10"):
        bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 10}))


def test_corrupt_records_are_asked_for_again_and_never_skipped(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    broker = bench.collector._broker
    for _ in range(MAX_CORRUPT_FETCHES - 1):
        broker.trouble(CorruptRecordError("offset 3"))
    with pytest.raises(Unavailable, match="corrupt records"):
        broker.trouble(CorruptRecordError("offset 3"))


def test_a_good_poll_forgets_corrupt_ones(bench: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for _ in range(3 * MAX_CORRUPT_FETCHES):
        bench.collector._broker.trouble(CorruptRecordError("offset 3"))
        bench.collector._broker.is_fine()


def test_it_waits_as_long_as_it_says(
    bench: Member, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with caplog.at_level(logging.WARNING, "serve.collector"):
        for _ in range(8):
            bench.collector._broker.trouble(KafkaConnectionError("gone"))
    assert [vars(record)["retry_in_seconds"] for record in caplog.records] == slept
    assert slept[:3] == [0.2, 0.4, 0.8] and set(slept[3:]) == {1.0}
    counted = bench.registry.get_sample_value(
        "collector_kafka_errors_total", {"error": "KafkaConnectionError"}
    )
    assert counted == 8


def test_what_waiting_does_not_mend_ends_at_once(bench: Member) -> None:
    with pytest.raises(Unavailable, match="refuse us"):
        bench.collector._broker.trouble(TopicAuthorizationFailedError("movielog"))
    with pytest.raises(CorruptFile, match="have lost lines that are on disk"):
        bench.collector._broker.trouble(LogTruncationError({}))


def test_ends_are_of_every_partition_and_none_without_an_answer(
    bench: Member, caplog: pytest.LogCaptureFixture
) -> None:
    ours = bench.ours
    bench.consumer.partitions = {1, 0}
    up = "collector_broker_up"
    with caplog.at_level(logging.INFO, "serve.collector"):
        assert ours.ends() == {TopicPartition("movielog", n): 1000 for n in (0, 1)}
        ours.ends()
        assert [record.message for record in caplog.records] == ["broker answers"]
        assert bench.registry.get_sample_value(up) == 1
        bench.consumer.ends_error = KafkaConnectionError("gone")
        assert ours.ends() is None
        assert bench.registry.get_sample_value(up) == 0
        bench.consumer.ends_error = None
        ours.ends()
        bench.consumer.heard_of = {0}  # the client has yet to hear of the other one
        assert ours.ends() is None
        assert bench.registry.get_sample_value(up) == 1
    said = [record.message for record in caplog.records]
    assert said == ["broker answers", "broker does not answer", "broker answers"]


def test_the_first_offset_is_asked_again_while_brokers_are_gone_and_none_is_needed_inside_the_log(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    broker = bench.collector._broker
    bench.consumer.first, bench.consumer.ends_error = 40, KafkaConnectionError("gone")
    assert broker.first_offset(HERE, 10) is None
    assert slept == [0.2]
    bench.consumer.ends_error = None
    assert broker.first_offset(HERE, 10) == 40
    for inside in (40, bench.consumer.last):
        assert broker.first_offset(HERE, inside) is None
    assert slept == [0.2]
