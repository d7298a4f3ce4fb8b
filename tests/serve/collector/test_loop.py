"""What one member of the group does when partitions come and go, and how it ends."""

import itertools
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from movierec.errors import CorruptFile, Unavailable
from movierec.store.days import closed_days
from movierec.store.durable import Disk
from movierec.store.lineage import begin_lineage
from movierec.store.tail import claim_partition
from serve.collector.broker import MAX_BEYOND_END
from serve.collector.loop import Collector
from serve.collector.partitions import ASKING_SECONDS
from tests.movierec.store.filling import rows, watch
from tests.serve.collector.member import HERE, Member, chunk, users


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    return Member(tmp_path / "store").start()


def test_partitions_that_are_revoked_are_made_durable_first(bench: Member) -> None:
    bench.read(0, 10)
    bench.collector.revoked([HERE])
    assert users(bench.stored()) == list(range(10))
    assert bench.ours.buffers == {}


def test_partitions_that_were_lost_are_dropped_unwritten_and_it_says_so(
    bench: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bench.read(0, 10)
    bench.collector.lost([HERE])
    [told] = [vars(record) for record in caplog.records if record.message == "lost"]
    assert (told["partitions"], told["dropped_lines"]) == (["movielog/0"], 10)
    assert bench.stored() == []
    bench.start()
    assert bench.consumer.positions[HERE] == 0


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
    bench.collector.once, bench.collector._targets = True, {HERE: 10}
    bench.consumer.last = 12  # came since
    with caplog.at_level("INFO", "serve.collector"):
        assert bench.collector._is_caught_up()
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


def test_a_broker_that_does_not_answer_is_waited_for_and_nothing_counts_as_caught_up(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def gone(timeout_ms: int) -> dict[Any, Any]:
        raise KafkaConnectionError("gone")

    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr(bench.consumer, "poll", gone, raising=False)
    bench.consumer.ends_error = KafkaConnectionError("gone")
    bench.collector.once, bench.consumer.last = True, 0
    bench.collector._turn()
    assert len(slept) == 1
    assert not bench.collector._is_caught_up()
    bench.collector._observe()
    assert sample(bench, "collector_broker_up") == 0
    bench.consumer.ends_error = None
    assert bench.collector._is_caught_up()


@pytest.mark.parametrize("hiccup", ["no answer", "a partition that we have yet to hear of"])
def test_caught_up_it_ends_with_no_due_day_open_though_the_last_question_has_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hiccup: str
) -> None:
    root, asked = tmp_path / "store", []
    claim_partition(root, "movielog", 0).write(2, rows([watch(1, 1), watch(2, 30)]))
    bench = Member(root)
    bench.collector.once, bench.consumer.last = True, 2
    end_offsets = bench.consumer.end_offsets

    def hiccups(partitions: list[TopicPartition], timeout_ms: int) -> dict[Any, int]:
        """At the second question: the first one is for where to end."""
        asked.append(partitions)
        if len(asked) == 2:
            raise KafkaConnectionError("gone") if hiccup == "no answer" else KeyError(THERE)
        return end_offsets(partitions, timeout_ms)

    monkeypatch.setattr(bench.consumer, "end_offsets", hiccups)
    monkeypatch.setattr(
        bench.consumer, "subscribe", lambda topics, listener: bench.start(), raising=False
    )
    monkeypatch.setattr(bench.consumer, "poll", lambda timeout_ms: {}, raising=False)
    monkeypatch.setattr(bench.consumer, "close", lambda **_: None, raising=False)
    bench.collector._observed = float("inf")  # it asks as well
    assert bench.collector.run(bench.consumer, bench.topics) == 0
    assert closed_days(root, "movielog") == ["2026-11-01"] and len(asked) == 3


@pytest.mark.parametrize("topic_id", ["A" * 22, None])
@pytest.mark.parametrize("once", [False, True])
def test_a_start_reads_each_open_segment_s_footer_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool, topic_id: str | None
) -> None:
    """Claimed, searched for due days, and compared with the ends in Kafka: all by one reading."""
    root, opened, original = tmp_path / "store", Counter[str](), Disk.open
    tails = [claim_partition(root, "movielog", number) for number in (0, 1)]
    for number, tail in itertools.product(range(20), tails):
        tail.write(number + 1, rows([watch(1, number)], number))

    def counting(disk: Disk, name: str) -> Any:
        file = original(disk, name)  # that there is no next segment is asked more often
        opened[name] += 1
        return file

    partitions = [tail.partition for tail in tails]
    begin_lineage(root, "movielog", topic_id)
    bench = Member(root)
    bench.topics.id, bench.collector.once = topic_id, once
    bench.consumer.last, bench.consumer.partitions = 20, {0, 1}
    monkeypatch.setattr(Disk, "open", counting)
    bench.start().start(THERE)
    if once:
        assert bench.collector._is_caught_up()
        bench.collector._finish()
    else:
        bench.collector._observe()
        bench.collector._days.wait()
    counts = [opened[partition.name(number)] for partition in partitions for number in range(20)]
    last = 1 if topic_id else 2  # where no id proves it, the last line is compared
    assert counts == [*[1] * 19, last] * 2


def test_the_chains_that_were_found_are_not_kept(bench: Member) -> None:
    bench.start(THERE)
    bench.collector._observe()
    bench.collector._days.wait()
    bench.collector.lost([HERE])  # whoever has partition 0 closes days
    bench.start(THERE)
    bench.collector._observe()
    assert [tail.found for tail in bench.collector.writer._tails.values()] == [None]


def test_asked_to_stop_it_makes_all_durable_leaves_the_group_and_ends_well(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[dict[str, Any]] = []

    def subscribe(topics: list[str], listener: Any) -> None:
        bench.start().read(0, 5)
        bench.collector.stop("SIGTERM")

    monkeypatch.setattr(bench.consumer, "subscribe", subscribe, raising=False)
    monkeypatch.setattr(bench.consumer, "close", lambda **o: closed.append(o), raising=False)
    assert bench.collector.run(bench.consumer, bench.topics) == 0
    assert users(bench.stored()) == list(range(5))
    assert [options["autocommit"] for options in closed] == [False]
    assert bench.topics.closed


@pytest.mark.parametrize("closes", [True, False])
def test_a_failure_leaves_the_group_and_is_what_the_program_ends_with(
    bench: Member, monkeypatch: pytest.MonkeyPatch, closes: bool
) -> None:
    closed: list[dict[str, Any]] = []

    def close(**options: Any) -> None:
        closed.append(options)
        if not closes:
            raise KafkaConnectionError("gone")

    def full(*_: Any) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(bench.consumer, "subscribe", lambda topics, listener: None, raising=False)
    monkeypatch.setattr(bench.consumer, "poll", lambda timeout_ms: {}, raising=False)
    monkeypatch.setattr(bench.consumer, "close", close, raising=False)
    monkeypatch.setattr(bench.collector.writer, "write", full)
    bench.read(0, 5)
    bench.ours.buffers.settings = replace(bench.settings, segment_rows=1)
    with pytest.raises(Unavailable, match="the disk is full"):
        bench.collector.run(bench.consumer, bench.topics)
    assert [options["autocommit"] for options in closed] == [False]
    assert bench.collector.health()["healthy"] is False


def test_lines_of_an_open_transaction_are_lag_of_their_true_age(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"topic": "movielog", "partition": "0"}
    bench.consumer.last, bench.consumer.high = 0, 50  # nothing may be read of what is there
    bench.topics.record = SimpleNamespace(offset=0, value=b"", timestamp=1_799_999_000_000)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    for _ in range(3):
        bench.collector._observe()
    assert bench.topics.peeked == [0]  # at once after a restart, and once is enough
    assert sample(bench, "collector_lag_messages", **where) == 50
    assert sample(bench, "collector_lag_seconds", **where) == 1000
    bench.collector.once = True
    assert bench.collector._is_caught_up()  # all is on disk that may be read
    bench.consumer.last = bench.consumer.high = 50
    bench.read(0, 50)
    bench.flush()
    bench.collector._observe()
    assert sample(bench, "collector_lag_messages", **where) == 0
    assert sample(bench, "collector_lag_seconds", **where) == 0


def test_kafka_is_asked_at_once_since_when_a_line_waits_where_nothing_says_it(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a look later where something does: the line may come any moment."""
    where = {"topic": "movielog", "partition": "0"}
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    bench.consumer.last = bench.consumer.high = 0
    bench.collector._observe()  # all is on disk: from here on it is known
    bench.consumer.last = bench.consumer.high = 5
    bench.topics.record = SimpleNamespace(offset=0, value=b"", timestamp=1_799_999_993_000)
    bench.collector._observe()
    assert bench.topics.peeked == []
    bench.collector._observe()
    assert bench.topics.peeked == [0]
    assert sample(bench, "collector_lag_seconds", **where) == 7
    bench.collector.lost([HERE])
    bench.start()  # ours again: nothing on disk says since when
    bench.topics.peeked.clear()
    bench.collector._observe()
    assert bench.topics.peeked == [0]
    assert sample(bench, "collector_lag_seconds", **where) == 7


def test_a_look_asks_no_longer_than_it_may_and_the_next_one_goes_on(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred partitions that are asked for after a restart: an answer takes a while, and
    nothing is read meanwhile."""
    there = [TopicPartition("movielog", number) for number in range(10)]
    bench.consumer.partitions = set(range(10))
    bench.consumer.last = bench.consumer.high = 5
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    for partition in there[1:]:
        bench.start(partition)
    record = SimpleNamespace(offset=0, value=b"", timestamp=1_799_999_993_000)

    def peek(partition: TopicPartition, offset: int) -> SimpleNamespace:
        now[0] += ASKING_SECONDS / 4
        bench.topics.peeked.append(offset)
        return record

    monkeypatch.setattr(bench.topics, "peek", peek)

    def told() -> list[float | None]:
        return [
            bench.registry.get_sample_value(
                "collector_lag_seconds", {"topic": "movielog", "partition": str(p.partition)}
            )
            for p in there
        ]

    for known in (4, 8, 10):
        bench.collector._observe()
        assert told() == [7] * known + [None] * (10 - known)
    assert len(bench.topics.peeked) == 10


@pytest.mark.parametrize("readable", [0, 30])
def test_until_the_client_knows_where_the_log_ends_nobody_says_that_nothing_waits(
    bench: Member, monkeypatch: pytest.MonkeyPatch, readable: int
) -> None:
    """A look between an assignment and the first answer to a fetch; lines that may be read and are
    not on disk are known to wait at once."""
    where = {"topic": "movielog", "partition": "0"}
    names = ("collector_lag_messages", "collector_lag_seconds")
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    bench.collector.lost([HERE])
    bench.start()
    bench.consumer.last, bench.consumer.high = readable, 50
    bench.consumer.has_fetched = False
    bench.topics.record = SimpleNamespace(offset=0, value=b"", timestamp=1_799_999_000_000)
    bench.collector._observe()
    told = [bench.registry.get_sample_value(name, where) for name in names]
    assert told == ([30, 1000] if readable else [None, None])
    bench.consumer.has_fetched = True
    bench.collector._observe()
    assert [sample(bench, name, **where) for name in names] == [50, 1000]
    assert bench.topics.peeked == [0]


def test_cut_off_from_kafka_it_is_not_healthy_for_ever(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bench.collector._observe()
    bench.consumer.ends_error = KafkaConnectionError("gone")
    for seconds, healthy in ((299.0, True), (300.0, False)):
        now[0] += seconds - bench.collector.health()["seconds_since_answer"]
        bench.collector._turned = now[0]
        bench.collector._observe()
        assert bench.collector.health()["healthy"] is healthy
    bench.consumer.ends_error = None
    bench.collector._observe()
    assert bench.collector.health()["healthy"] is True


def test_while_it_connects_it_is_healthy_however_long_it_may_wait(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Collector(bench.settings, bench.metrics, bench.collector.writer, once=False)
    now = time.monotonic() + 3000
    monkeypatch.setattr("time.monotonic", lambda: now)
    assert fresh.health()["healthy"] is True
    fresh.connect(bench.consumer, bench.topics)
    assert fresh.health()["healthy"] is True  # the loop has yet to turn


def test_the_end_below_the_disk_is_never_caught_up(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    bench.read(0, 10)
    bench.flush()
    bench.collector.once, bench.consumer.last = True, 9
    for _ in range(MAX_BEYOND_END - 1):  # a new leader may be behind for a moment
        assert not bench.collector._is_caught_up()
    with pytest.raises(CorruptFile, match="ends at offset 9, but the store goes on to 10"):
        bench.collector._is_caught_up()
    bench.consumer.last = 10
    assert bench.collector._is_caught_up()


def test_the_end_of_a_signal_knows_the_lag_as_well(
    bench: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bench.collector._observe()
    bench.consumer.last = 1007
    bench.read(0, 10)
    bench.collector.stop("SIGTERM")
    with caplog.at_level("INFO", "serve.collector"):
        bench.collector._finish()
    assert vars(caplog.records[-1])["lag"] == 997


@pytest.mark.parametrize("refused", [False, True])
def test_caught_up_is_what_is_on_disk_and_not_what_was_read(bench: Member, refused: bool) -> None:
    bench.collector.once, bench.consumer.last = True, 10
    assert not bench.collector._is_caught_up()  # the ends are known from here on
    bench.read(0, 10)
    bench.consumer.positions[HERE] = 10
    if refused:
        rival = Member(bench.root).start()
        rival.read(0, 7)
        rival.flush()
    else:
        bench.topics.error = KafkaConnectionError("gone")
    assert not bench.collector._is_caught_up()
    bench.topics.error = None
    bench.ours.begin_held()
    if refused:
        bench.read(7, 3)
    assert bench.collector._is_caught_up()
    assert users(bench.stored()) == list(range(10))


def test_the_ends_of_a_topic_made_anew_are_the_store_s_for_a_member_without_partitions(
    tmp_path: Path,
) -> None:
    """It never began a partition, and compares the ends with the disk all the same."""
    root = tmp_path / "store"
    before = Member(root).start()
    before.read(0, 10)
    before.flush()
    anew = Member(root, accept_new_topic=("B" * 22,))
    anew.topics.id = "B" * 22
    anew.start()
    idle = Member(root)
    idle.topics.id, idle.consumer.last = "B" * 22, 5
    idle.collector.once = True
    idle.collector.assigned([])
    for _ in range(MAX_BEYOND_END + 1):
        assert not idle.collector._is_caught_up()
    anew.ours.add(HERE, chunk(0, 5))
    anew.flush()
    assert idle.collector._is_caught_up()
