"""The gauges of lag are promises: true after a restart, gone after a rebalance."""

import time

import pytest
from kafka import TopicPartition
from prometheus_client import CollectorRegistry

from serve.collector.lag import Lag
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
