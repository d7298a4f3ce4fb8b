"""The gauges of lag are promises: true after a restart, gone after a rebalance."""

import time

import pytest
from kafka import TopicPartition
from prometheus_client import CollectorRegistry

from serve.collector.lag import BLIND_SECONDS, Lag
from serve.metrics import CollectorMetrics

HERE, THERE = TopicPartition("movielog", 0), TopicPartition("movielog", 1)
NOW = 1_800_000_000.0
NAMES = ("collector_lag_messages", "collector_lag_seconds", "collector_durable_offset")


class Gauges:
    """What Prometheus would see."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.lag = Lag(CollectorMetrics(self.registry))

    def of(self, partition: TopicPartition) -> tuple[float | None, ...]:
        """(lag, its seconds, durable offset) of a partition; None where there is no sample."""
        labels = {"topic": partition.topic, "partition": str(partition.partition)}
        return tuple(self.registry.get_sample_value(name, labels) for name in NAMES)


@pytest.fixture
def gauges(monkeypatch: pytest.MonkeyPatch) -> Gauges:
    monkeypatch.setattr(time, "time", lambda: NOW)
    return Gauges()


def test_after_a_restart_with_all_on_disk_there_is_no_lag(gauges: Gauges) -> None:
    gauges.lag.begin(HERE, 10)
    assert gauges.of(HERE) == (None, None, 10)
    gauges.lag.observe({HERE: 10, THERE: 99})
    assert gauges.of(HERE) == (0, 0, 10)
    assert gauges.of(THERE) == (None, None, None)  # another member's
    assert gauges.lag.total == 0


def test_behind_at_the_start_the_first_line_that_waits_says_how_long(gauges: Gauges) -> None:
    """Before any segment is written, and though nothing is on disk."""
    gauges.lag.begin(HERE, 0)
    gauges.lag.observe({HERE: 10_000_000}, {HERE: int((NOW - 7200) * 1000)})
    assert gauges.of(HERE) == (10_000_000, 7200, 0)
    gauges.lag.observe({HERE: 10_000_000}, {HERE: 0})  # a clock that was never set
    assert gauges.of(HERE) == (10_000_000, NOW, 0)


def test_without_a_line_the_time_since_the_assignment_counts(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauges.lag.begin(HERE, 5)
    monkeypatch.setattr(time, "time", lambda: NOW + 1000)
    gauges.lag.observe({HERE: 6}, {HERE: -1})
    assert gauges.of(HERE) == (1, 1000, 5)
    gauges.lag.observe({})  # the brokers do not answer: what was known stays, and ages
    monkeypatch.setattr(time, "time", lambda: NOW + 2000)
    gauges.lag.observe({})
    assert gauges.of(HERE) == (1, 2000, 5)


def test_what_is_written_takes_the_lag_away(gauges: Gauges) -> None:
    gauges.lag.begin(HERE, 0)
    gauges.lag.begin(THERE, 0)
    gauges.lag.observe({HERE: 10, THERE: 5})
    assert gauges.lag.total == 15
    gauges.lag.advance(HERE, 8, int((NOW - 60) * 1000))
    gauges.lag.advance(THERE, 7)
    assert gauges.lag.total == 2
    gauges.lag.observe({HERE: 10, THERE: 5})
    assert gauges.of(HERE) == (2, 60, 8)
    assert gauges.of(THERE) == (0, 0, 7)  # on disk beyond an end that is older: not negative


def test_a_line_of_a_clock_that_was_never_set_is_as_old_as_it_says(gauges: Gauges) -> None:
    gauges.lag.begin(HERE, 0)
    gauges.lag.advance(HERE, 8, 0)
    gauges.lag.observe({HERE: 10})
    assert gauges.of(HERE) == (2, NOW, 8)


def test_a_partition_that_is_no_longer_ours_is_not_exported(gauges: Gauges) -> None:
    for partition in (HERE, THERE):
        gauges.lag.begin(partition, 0)
    gauges.lag.observe({HERE: 10, THERE: 10})
    gauges.lag.forget([HERE])
    gauges.lag.forget([HERE])  # again, and one that was never observed
    gauges.lag.observe({HERE: 10, THERE: 10})
    assert gauges.of(HERE) == (None, None, None)
    assert gauges.of(THERE) == (10, 0, 0)
    assert gauges.lag.total == 10


def test_a_line_that_came_just_now_is_not_as_old_as_the_one_before_it(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The topic was quiet for a day; a line came and is not read yet."""
    gauges.lag.begin(HERE, 0)
    gauges.lag.advance(HERE, 10, int((NOW - 86_400) * 1000))
    gauges.lag.observe({HERE: 10})
    monkeypatch.setattr(time, "time", lambda: NOW + 5)
    gauges.lag.observe({HERE: 11}, {HERE: -1})
    assert gauges.of(HERE) == (1, 5, 10)


def test_cut_off_from_kafka_the_age_grows_from_when_all_was_on_disk(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines may have come that nobody knows of; and it falls when Kafka says that none did."""
    gauges.lag.begin(HERE, 10)
    gauges.lag.observe({HERE: 10})
    for seconds in (30, 300, 900):
        monkeypatch.setattr(time, "time", lambda later=NOW + seconds: later)
        gauges.lag.observe({})
        assert gauges.of(HERE) == (0, seconds, 10)
    monkeypatch.setattr(time, "time", lambda: NOW + 1800)
    assert gauges.of(HERE) == (0, 1800, 10)  # between two looks, too
    gauges.lag.observe({HERE: 10})
    assert gauges.of(HERE) == (0, 0, 10)


def test_cut_off_before_the_first_look_nothing_is_told_until_it_is_blind(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the age is from the assignment on; how many lines wait stays unknown."""
    gauges.lag.begin(HERE, 10)
    for seconds in (0, BLIND_SECONDS):
        monkeypatch.setattr(time, "time", lambda later=NOW + seconds: later)
        gauges.lag.observe({})
        assert gauges.of(HERE) == (None, None, 10)
    monkeypatch.setattr(time, "time", lambda: NOW + 1000)
    gauges.lag.observe({})
    assert gauges.of(HERE) == (None, 1000, 10)
    assert not gauges.lag.is_sure(HERE)
    gauges.lag.observe({HERE: 10})
    assert gauges.of(HERE) == (0, 0, 10)


def test_a_loop_that_hangs_is_blind_and_its_gauge_grows_all_the_same(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    for partition in (HERE, THERE):
        gauges.lag.begin(partition, 10)
    gauges.lag.observe({HERE: 10, THERE: 12}, {THERE: int((NOW - 5) * 1000)})
    for seconds, blind in ((BLIND_SECONDS, 0), (BLIND_SECONDS + 1, BLIND_SECONDS + 1)):
        monkeypatch.setattr(time, "time", lambda later=NOW + seconds: later)
        assert gauges.of(HERE) == (0, blind, 10)
        assert gauges.of(THERE) == (2, seconds + 5, 10)


def test_a_line_that_waited_when_kafka_went_away_is_no_younger_then(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauges.lag.begin(HERE, 10)
    gauges.lag.observe({HERE: 50}, {HERE: int((NOW - 7200) * 1000)})  # Kafka was asked
    monkeypatch.setattr(time, "time", lambda: NOW + 60)
    gauges.lag.observe({})
    assert gauges.of(HERE) == (40, 7260, 10)
    gauges.lag.advance(HERE, 30, int((NOW - 3600) * 1000))  # what was read before it went
    gauges.lag.observe({})
    assert gauges.of(HERE) == (20, 3660, 30)


def test_since_when_a_line_waits_is_not_known_after_a_restart_or_a_gap(gauges: Gauges) -> None:
    gauges.lag.begin(HERE, 10)
    assert not gauges.lag.is_sure(HERE)
    gauges.lag.observe({HERE: 20})
    assert not gauges.lag.is_sure(HERE)
    gauges.lag.advance(HERE, 15, int(NOW * 1000))
    assert gauges.lag.is_sure(HERE)
    gauges.lag.advance(HERE, 18)
    assert not gauges.lag.is_sure(HERE)
    gauges.lag.observe({HERE: 18})
    assert gauges.lag.is_sure(HERE)
